// The terminal of this process, taken over by a live view and given back however the view ends: by a key, Ctrl-C, SIGTERM,
// an exception, or while it is stopped by Ctrl-Z. Raw mode is the runtime's: while a key is read the terminal neither
// echoes nor waits for a line's end, and at the exit the runtime puts back the mode it found.

using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>The terminal on standard output, keys from standard input. Thread-safe.</summary>
internal sealed class LiveScreen : ILiveScreen
{
    private const int UsualColumns = 80;
    private const int UsualRows = 24;

    private readonly Lock _lock = new();
    private readonly Channel<ScreenEvent> _events = Channel.CreateUnbounded<ScreenEvent>();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly Stream _output;
    private readonly bool _colors;
    private bool _isOpen;
    private bool _isShown;

    /// <summary>Makes it; nothing is touched yet.</summary>
    /// <param name="output">Standard output.</param>
    /// <param name="colors">Whether colours are wanted.</param>
    public LiveScreen(Stream output, bool colors)
    {
        _output = output;
        _colors = colors;
    }

    /// <inheritdoc/>
    public ChannelReader<ScreenEvent> Events => _events.Reader;

    /// <inheritdoc/>
    // A terminal that was never told its size says 0.
    public (int Columns, int Rows) Size =>
        (Console.WindowWidth is > 0 and var columns ? columns : UsualColumns, Console.WindowHeight is > 0 and var rows ? rows : UsualRows);

    /// <inheritdoc/>
    public void Enter()
    {
        lock (_lock)
        {
            if (_isOpen)
                return;
            _isOpen = true;
            Show();
            if (!OperatingSystem.IsWindows())
            {
                _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => _events.Writer.TryWrite(default)));
                _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop));
                _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Return()));
            }
        }

        if (!Console.IsInputRedirected)
            new Thread(ReadKeys) { IsBackground = true, Name = "keys" }.Start();
    }

    /// <inheritdoc/>
    public void Draw(IReadOnlyList<ScreenLine> lines)
    {
        (int columns, int rows) = Size;
        string frame = AnsiFrame.Write(lines, columns, rows, _colors);
        lock (_lock)
        {
            if (_isShown)
                Write(frame);
        }
    }

    /// <inheritdoc/>
    public void Leave()
    {
        lock (_lock)
        {
            _isOpen = false;
            Hide();
            foreach (PosixSignalRegistration signal in _signals)
                signal.Dispose();
            _signals.Clear();
        }
    }

    private void Show()
    {
        _isShown = true;
        Write(AnsiFrame.Enter);
    }

    private void Hide()
    {
        lock (_lock)
        {
            if (!_isShown)
                return;
            _isShown = false;
            Write(AnsiFrame.Leave);
        }
    }

    // Ctrl-Z: the shell gets its screen back before it gets control.
    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!OperatingSystem.IsLinux())
            return;
        Hide();
        JobControl.StopProcess();
    }

    private void Return()
    {
        lock (_lock)
        {
            if (!_isOpen || _isShown)
                return;
            Show();
        }

        _events.Writer.TryWrite(default);
    }

    private void Write(string text)
    {
        _output.Write(Encoding.UTF8.GetBytes(text));
        _output.Flush();
    }

    // The one thread of it. It is left behind in its read when the view ends, and ends with the process.
    private void ReadKeys()
    {
        try
        {
            while (true)
                _events.Writer.TryWrite(new ScreenEvent(Console.ReadKey(intercept: true)));
        }
        catch (InvalidOperationException)
        {
            // Standard input was closed: there are no more keys, and Ctrl-C still ends the view.
        }
    }
}
