using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.Shared;

[SupportedOSPlatform("linux")]
public class SharedTrafficTests
{
    [Theory]
    [InlineData(PeerTrust.Trusted, 64 * 1024, 3_000_000)]
    [InlineData(PeerTrust.Untrusted, 4096, 300_000)]
    public async Task Nothing_is_lost_or_changed_while_the_modes_flip_at_random(PeerTrust trust, int ringSize, long count)
    {
        SharedPair pair = new(new SharedChannelOptions { RingSize = ringSize, SpinBudget = TimeSpan.FromMicroseconds(20) }, trust);
        bool ended = false;
        Background flipper = Background.Run(() =>
        {
            Random random = new(1);
            while (!Volatile.Read(ref ended))
            {
                pair.Guest.Channel.SignalMode = (SignalMode)random.Next(3);
                pair.Guest.Channel.Signaler.SetLatencyHint(TimeSpan.FromMicroseconds(random.Next(50, 300)));
                Thread.SpinWait(random.Next(1, 20_000));
                Thread.Yield();
            }
        });

        Task[] tasks =
        [
            Run(() => Send(pair.Guest.Channel, count, seed: 2)),
            Run(() => Receive(pair.Host.Channel, count)),
            Run(() => Send(pair.Host.Channel, count, seed: 3)),
            Run(() => Receive(pair.Guest.Channel, count)),
        ];
        Task all = Task.WhenAll(tasks);
        bool inTime = await Task.WhenAny(all, Task.Delay(2 * Patience.Limit)) == all;
        Volatile.Write(ref ended, true);
        flipper.Join();

        Assert.True(inTime, $"Not within {2 * Patience.Limit}: guest {pair.Guest.Channel.GetStatistics()}, host {pair.Host.Channel.GetStatistics()}.");
        await all;
        SignalStatistics signals = pair.Guest.Channel.GetStatistics().Signals;
        Assert.True(signals is { Monitored: > 0, Hypercalls: > 0 }, signals.ToString());

        // Not when the test fails: its threads may still be inside, and would take the process with them.
        pair.Dispose();
    }

    private static Task Run(Action action) => Task.Factory.StartNew(action, TaskCreationOptions.LongRunning);

    private static int WordsOf(long number) => 1 + (int)(number % 23);

    private static ulong WordOf(long number, int index) => (ulong)(number + 1) * 0x9E3779B97F4A7C15 ^ (ulong)index;

    private static void Send(VmBusChannel channel, long count, int seed)
    {
        Random random = new(seed);
        Span<ulong> words = stackalloc ulong[23];
        for (long number = 0; number < count; number++)
        {
            Span<ulong> payload = words[..WordsOf(number)];
            for (int i = 0; i < payload.Length; i++)
                payload[i] = WordOf(number, i);
            Urgency urgency = random.Next(16) == 0 ? (Urgency)random.Next(3) : Urgency.Normal;
            while (!channel.TrySend(MemoryMarshal.AsBytes(payload), (ulong)number, urgency: urgency))
                Assert.True(channel.WaitToWrite(payload.Length * sizeof(ulong), Patience.Limit), $"No room for {number}.");
        }
    }

    private static void Receive(VmBusChannel channel, long count)
    {
        long expected = 0;
        while (expected < count)
        {
            Assert.True(channel.WaitToRead(Patience.Limit), $"{expected} did not come.");
            using ChannelReadBatch batch = channel.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
            {
                ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(packet.Payload);
                bool right = packet.TransactionId == (ulong)expected && words.Length == WordsOf(expected);
                for (int i = 0; i < words.Length; i++)
                    right &= words[i] == WordOf(expected, i);
                if (!right)
                    Assert.Fail($"Packet {expected} came as {packet.TransactionId} with {words.Length} words.");
                expected++;
            }
            batch.Commit();
        }
    }
}
