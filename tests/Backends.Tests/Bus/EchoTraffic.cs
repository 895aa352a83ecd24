namespace VmBus.Backends.Tests.Bus;

/// <summary>
/// A guest's side of an echoed channel: numbered packets out, the same numbers in, none missing, none twice, in order.
/// Can be stopped at any packet and go on later, on the same channel or on one that was restored.
/// </summary>
internal sealed class EchoTraffic
{
    private readonly int _length;
    private ulong _sent;
    private ulong _received;

    public EchoTraffic(int length) => _length = length;

    public ulong Received => Volatile.Read(ref _received);

    /// <summary>Sends and takes back until it is told to stop, or all is back that was sent and nothing more is to be sent.</summary>
    public async Task RunAsync(VmBusChannel channel, ulong until, CancellationToken stop)
    {
        byte[] payload = new byte[_length];
        try
        {
            while (_received < until)
            {
                stop.ThrowIfCancellationRequested();
                bool isFull = false;
                while (_sent < until && !isFull && !stop.IsCancellationRequested)
                {
                    payload.AsSpan().Fill((byte)_sent);
                    isFull = !channel.TrySend(payload, _sent);
                    if (!isFull)
                        _sent++;
                }
                if (!await channel.WaitToReadAsync(stop))
                    return;
                Take(channel);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped: what is under way will come back when it goes on.
        }
    }

    private void Take(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
        {
            Assert.Equal(_received, packet.TransactionId);
            Assert.Equal(-1, packet.Payload[.._length].IndexOfAnyExcept((byte)_received));
            _received++;
        }
        batch.Commit();
    }
}
