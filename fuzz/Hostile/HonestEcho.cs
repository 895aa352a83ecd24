using System.Diagnostics;
using VmBus.Layout;

namespace VmBus.Fuzz.Hostile;

/// <summary>
/// The honest end of an echoed channel: numbered packets of many lengths out, at a leisurely pace, the same packets back, in order and
/// unchanged. Tells how long it has gone without one.
/// </summary>
internal sealed class HonestEcho(string name)
{
    private const int LongestPayload = 1500;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(40);

    private long _served;
    private long _progress = Stopwatch.GetTimestamp();
    private long _longestGap;
    private volatile bool _isRunning;

    public string Name => name;

    public long Served => Interlocked.Read(ref _served);

    public TimeSpan LongestGap => TimeSpan.FromTicks(Interlocked.Read(ref _longestGap));

    /// <summary>How long it has waited for its packet; nothing while it asks for none.</summary>
    public TimeSpan Gap => _isRunning ? Stopwatch.GetElapsedTime(Interlocked.Read(ref _progress)) : TimeSpan.Zero;

    /// <summary>Echoes until it is told to stop: by then every packet is back.</summary>
    public async Task RunAsync(VmBusChannel channel, CancellationToken stop)
    {
        Progress(isFirst: true);
        _isRunning = true;
        try
        {
            byte[] payload = new byte[LongestPayload];
            while (!stop.IsCancellationRequested)
            {
                ulong number = (ulong)_served;
                int length = 1 + (int)(number * 2654435761 % LongestPayload);
                payload.AsSpan(0, length).Fill((byte)number);
                while (!channel.TrySend(payload.AsSpan(0, length), number, PacketFlags.None))
                    await channel.WaitToWriteAsync(length, CancellationToken.None);
                do
                {
                    if (!await channel.WaitToReadAsync(CancellationToken.None))
                        throw new InvalidOperationException($"The channel of {name} ended by itself.");
                }
                while (!TryTake(channel, payload.AsSpan(0, length), number));
                Progress(isFirst: false);
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
        finally
        {
            _isRunning = false;
        }
    }

    private void Progress(bool isFirst)
    {
        long now = Stopwatch.GetTimestamp();
        TimeSpan gap = Stopwatch.GetElapsedTime(Interlocked.Exchange(ref _progress, now), now);
        if (isFirst)
            return;
        Interlocked.Increment(ref _served);
        if (gap.Ticks > Interlocked.Read(ref _longestGap))
            Interlocked.Exchange(ref _longestGap, gap.Ticks);
    }

    private bool TryTake(VmBusChannel channel, ReadOnlySpan<byte> sent, ulong number)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
            return false;
        // Payloads are padded to 8 bytes.
        if (packet.TransactionId != number || packet.Payload.Length < sent.Length || !packet.Payload[..sent.Length].SequenceEqual(sent))
            throw new InvalidOperationException($"{name} sent packet {number} of {sent.Length} bytes and got {packet.TransactionId} of {packet.Payload.Length} back.");
        batch.Commit();
        return true;
    }
}
