using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>A conversation as a person reads it: in colours on a terminal, plain and uncut elsewhere.</summary>
internal sealed class TraceText : ITracePrinter
{
    private readonly Terminal _terminal;
    private readonly TraceLayout _layout;

    /// <summary>Prints to a terminal, file or pipe.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="verbose">Whether each field gets a line.</param>
    public TraceText(Terminal terminal, bool verbose)
    {
        _terminal = terminal;
        _layout = terminal.OutConsole is { } console
            ? new TraceLayout(console.Profile.Width, isCut: true, verbose, console.Profile.Capabilities.Unicode)
            : new TraceLayout(terminal.PlainWidth, isCut: false, verbose, terminal.IsOutUnicode);
    }

    /// <inheritdoc/>
    public void Begin(DateTimeOffset start) => Write(_layout.Head(start));

    /// <inheritdoc/>
    public void Print(RecordedMessage message) => Write(_layout.Lines(message));

    /// <inheritdoc/>
    public void Flush() => _terminal.Out.Flush();

    /// <inheritdoc/>
    public void End(int leftover, bool isAtLimit) => Write(_layout.Foot(leftover, isAtLimit));

    private void Write(IEnumerable<TraceLine> lines)
    {
        foreach (TraceLine line in lines)
        {
            if (_terminal.OutConsole is { } console)
                line.Write(console);
            else
                _terminal.Out.WriteLine(line);
        }
    }
}
