using System.Threading.Channels;

namespace VmBus.Devices.Tests.Network;

/// <summary>One end of a cable: what is sent here is received there. With room for so many frames each way.</summary>
internal sealed class MemoryLink : INetworkLink
{
    private readonly Channel<byte[]> _out;
    private readonly Channel<byte[]> _in;

    private MemoryLink(Channel<byte[]> @out, Channel<byte[]> @in)
    {
        _out = @out;
        _in = @in;
    }

    /// <summary>What each call throws, if it does.</summary>
    public Exception? Failure { get; set; }

    public int Flushes { get; private set; }

    /// <summary>How often a frame waited for room.</summary>
    public int Refused { get; private set; }

    public int Waiting => _in.Reader.Count;

    public static (MemoryLink One, MemoryLink Other) Pair(int room = 256)
    {
        Channel<byte[]> there = Channel.CreateBounded<byte[]>(room), back = Channel.CreateBounded<byte[]>(room);
        return (new MemoryLink(there, back), new MemoryLink(back, there));
    }

    public bool TrySend(ReadOnlySpan<byte> frame) => Failure is null ? _out.Writer.TryWrite(frame.ToArray()) : throw Failure;

    public void Flush() => Flushes++;

    public async ValueTask WaitToSendAsync(CancellationToken cancellationToken)
    {
        Refused++;
        await _out.Writer.WaitToWriteAsync(cancellationToken);
    }

    public bool TryReceive(Span<byte> frame, out int length)
    {
        // No promise is made of it where there is no frame.
        length = 60;
        byte[]? got;
        do
        {
            if (!_in.Reader.TryRead(out got))
                return false;
        }
        while (got.Length > frame.Length);
        length = got.Length;
        got.CopyTo(frame);
        return true;
    }

    public async ValueTask WaitToReceiveAsync(CancellationToken cancellationToken) => await _in.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>The next frame, as a peer waits for it.</summary>
    public async Task<byte[]> ReceiveAsync() => await _in.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);
}
