using System.Runtime.InteropServices;

namespace VmBus.TwoProcesses;

/// <summary>Sends packets that their numbers determine, and checks as many that come.</summary>
internal static class Traffic
{
    private const int MostWords = 23;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(VmBusChannel channel, string name, long count, bool changesMode)
    {
        Task sending = Start(() => Send(channel, count, changesMode));
        Task receiving = Start(() => Receive(channel, name, count));
        // One that fails says so while the other waits.
        await (await Task.WhenAny(sending, receiving).ConfigureAwait(false)).ConfigureAwait(false);
        await Task.WhenAll(sending, receiving).ConfigureAwait(false);
    }

    private static Task Start(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static int WordsOf(long number) => 1 + (int)(number % MostWords);

    private static ulong WordOf(long number, int index) => (ulong)(number + 1) * 0x9E3779B97F4A7C15 ^ (ulong)index;

    private static void Send(VmBusChannel channel, long count, bool changesMode)
    {
        Span<ulong> words = stackalloc ulong[MostWords];
        for (long number = 0; number < count; number++)
        {
            if (changesMode && number % 997 == 0)
                channel.SignalMode = (SignalMode)(number / 997 % 3);
            Span<ulong> payload = words[..WordsOf(number)];
            for (int i = 0; i < payload.Length; i++)
                payload[i] = WordOf(number, i);
            while (!channel.TrySend(MemoryMarshal.AsBytes(payload), new SendOptions { TransactionId = (ulong)number }))
            {
                if (!channel.WaitToWrite(payload.Length * sizeof(ulong), Patience))
                    throw new TimeoutException($"No room for packet {number}.");
            }
        }
    }

    private static void Receive(VmBusChannel channel, string name, long count)
    {
        for (long expected = 0; expected < count;)
        {
            if (!channel.WaitToRead(Patience))
                throw new TimeoutException($"Packet {expected} did not come.");
            using ChannelReadBatch batch = channel.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
            {
                ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(packet.Payload);
                bool isRight = packet.TransactionId == (ulong)expected && words.Length == WordsOf(expected);
                for (int i = 0; isRight && i < words.Length; i++)
                    isRight = words[i] == WordOf(expected, i);
                if (!isRight)
                    throw new InvalidDataException($"Packet {expected} came as number {packet.TransactionId} with {words.Length} words: {Convert.ToHexString(packet.Payload)}.");
                if (++expected % 500_000 == 0)
                    Console.WriteLine($"{name}: {expected} packets");
            }

            batch.Commit();
        }
    }
}
