// The guest's serial console on standard output, byte for byte.

namespace VmBus.Tool;

/// <summary>
/// Writes bytes as they come: a line at a time, or what there is of one after a pause. What the host says goes between lines: where a
/// part of one is seen already, it is seen once more, and whole, behind that. Thread-safe.
/// </summary>
internal sealed class GuestConsole : IDisposable
{
    // A prompt is a part of a line that someone at a terminal waits for. Into a pipe or a file lines are written whole, so that
    // what the host says does not come in the middle of one, however slowly the guest writes it.
    private static readonly TimeSpan AtTerminal = TimeSpan.FromMilliseconds(20), Elsewhere = TimeSpan.FromSeconds(10);

    private readonly Stream _output;
    private readonly TimeSpan _pause;
    private readonly TimeProvider _clock;
    private readonly Lock _sync = new();
    private readonly byte[] _line = new byte[4096];
    private readonly ITimer _timer;
    private long _last;
    private int _length;
    private int _shown;     // bytes of the line that are written already
    private bool _isCut;    // a longer line: its beginning is written, and is here no more
    private IOException? _failure;

    public GuestConsole()
        : this(Console.OpenStandardOutput(), Console.IsOutputRedirected ? Elsewhere : AtTerminal, TimeProvider.System)
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="output">Where the bytes go.</param>
    /// <param name="pause">After how long without a byte the part of a line that is there is written.</param>
    /// <param name="clock">What the pause is measured by.</param>
    internal GuestConsole(Stream output, TimeSpan pause, TimeProvider clock)
    {
        _output = output;
        _pause = pause;
        _clock = clock;
        _timer = clock.CreateTimer(static state => ((GuestConsole)state!).FlushAfterPause(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes a byte.</summary>
    /// <exception cref="IOException">This or an earlier one could not be written.</exception>
    public void Write(byte one)
    {
        lock (_sync)
        {
            if (_failure is { } failure)
                throw new IOException($"the guest's console cannot be written: {failure.Message}", failure);
            _line[_length++] = one;
            _last = _clock.GetTimestamp();
            if (one == (byte)'\n' || _length == _line.Length)
            {
                Flush();
                (_length, _shown, _isCut) = (0, 0, one != (byte)'\n');
            }
            else if (_length == _shown + 1)
            {
                _timer.Change(_pause, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Lets the host say something, which begins and ends a line of its own.</summary>
    /// <param name="say">Writes it, to where the console is seen too.</param>
    public void Between(Action say)
    {
        lock (_sync)
        {
            bool isAmidst = _shown > 0 || _isCut;
            if (isAmidst)
                Write("\n"u8);
            say();
            if (isAmidst)
                Write(_line.AsSpan(0, _shown));
        }
    }

    /// <summary>Writes what is left. What was told already is not told again.</summary>
    /// <exception cref="ToolException">It could not be written.</exception>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_sync)
        {
            bool isTold = _failure is not null;
            Flush();
            if (!isTold && _failure is { } failure)
                throw new ToolException($"the guest's console cannot be written: {failure.Message}", failure);
        }
    }

    private void FlushAfterPause()
    {
        lock (_sync)
        {
            TimeSpan left = _pause - _clock.GetElapsedTime(_last);
            if (left > TimeSpan.Zero)
                _timer.Change(left, Timeout.InfiniteTimeSpan);
            else
                Flush();
        }
    }

    // On the timer's thread an exception would end the process: the next byte tells of it.
    private void Flush()
    {
        Write(_line.AsSpan(_shown, _length - _shown));
        _shown = _length;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _output.Write(bytes);
            _output.Flush();
        }
        catch (IOException error)
        {
            _failure ??= error;
        }
    }
}
