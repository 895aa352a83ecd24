namespace VmBus.Compare;

/// <summary>Bytes through a stream of blocking calls: as many a write as the case's payload, read by what is there.</summary>
/// <remarks>Each kind of stream waits in its own way, as in a program.</remarks>
internal abstract class StreamContender(Case @case, byte[] payload) : IContender
{
    private readonly ByteCheck _check = new(payload);
    private readonly byte[] _buffer = new byte[PipeCase.ReadLength];

    public long Alone(int count) => PipeCase.Alternate(this, @case.Batch, count);

    public long First(int count)
    {
        for (int i = 0; i < count; i++)
            Write(payload);
        return 0;
    }

    public long Second(int count)
    {
        _check.Restart();
        long expected = (long)count * payload.Length;
        while (_check.Position < expected)
        {
            int read = Read(_buffer);
            if (read == 0 || !_check.TryTake(_buffer.AsSpan(0, read)))
                return -1;
        }

        return _check.Position;
    }

    public abstract void Dispose();

    protected abstract void Write(ReadOnlySpan<byte> bytes);

    protected abstract int Read(Span<byte> buffer);
}
