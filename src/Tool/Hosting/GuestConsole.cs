// The guest's serial console on standard output, byte for byte.

namespace VmBus.Tool.Hosting;

/// <summary>Writes bytes as they come, a line or a pause at a time. Thread-safe.</summary>
internal sealed class GuestConsole : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly Lock _sync = new();
    private readonly byte[] _line = new byte[256];
    private readonly Timer _timer;
    private int _length;

    public GuestConsole() => _timer = new Timer(_ => Flush());

    /// <summary>Takes a byte.</summary>
    public void Write(byte one)
    {
        lock (_sync)
        {
            _line[_length++] = one;
            if (one == (byte)'\n' || _length == _line.Length)
                FlushNow();
            else if (_length == 1)
                _timer.Change(Pause, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        Flush();
    }

    private void Flush()
    {
        lock (_sync)
            FlushNow();
    }

    private void FlushNow()
    {
        _output.Write(_line.AsSpan(0, _length));
        _output.Flush();
        _length = 0;
    }
}
