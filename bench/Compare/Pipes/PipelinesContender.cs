using System.Buffers;
using System.IO.Pipelines;

namespace VmBus.Compare;

/// <summary>A <see cref="Pipe"/> of System.IO.Pipelines with its defaults: 64 KiB until the writer waits, continuations on the thread pool.</summary>
internal sealed class PipelinesContender(Case @case, byte[] payload) : IContender
{
    private readonly Pipe _pipe = new();
    private readonly ByteCheck _check = new(payload);
    private readonly byte[] _buffer = new byte[PipeCase.ReadLength];

    public long Alone(int count) => PipeCase.Alternate(this, @case.Batch, count);

    public long First(int count) => WriteAsync(count).GetAwaiter().GetResult();

    public long Second(int count) => ReadAsync((long)count * payload.Length).GetAwaiter().GetResult();

    public void Dispose()
    {
        _pipe.Writer.Complete();
        _pipe.Reader.Complete();
    }

    private async Task<long> WriteAsync(int count)
    {
        PipeWriter writer = _pipe.Writer;
        for (int i = 0; i < count; i++)
            await writer.WriteAsync(payload).ConfigureAwait(false);
        return 0;
    }

    private async Task<long> ReadAsync(long expected)
    {
        PipeReader reader = _pipe.Reader;
        _check.Restart();
        while (_check.Position < expected)
        {
            ReadResult result = await reader.ReadAsync().ConfigureAwait(false);
            // Out of the pipe's segments into the reader's memory, as every other contender does.
            ReadOnlySequence<byte> taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, _buffer.Length));
            taken.CopyTo(_buffer);
            if (taken.IsEmpty || !_check.TryTake(_buffer.AsSpan(0, (int)taken.Length)))
                return -1;
            reader.AdvanceTo(taken.End);
        }

        return _check.Position;
    }
}
