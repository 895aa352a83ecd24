// Reads a recording and hands it to a printer, to its end or for as long as it is written.

using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>Reads a recording to its end, or follows it.</summary>
internal sealed class TraceRun
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly TraceOptions _options;
    private readonly ITracePrinter _printer;

    /// <summary>Makes a run.</summary>
    public TraceRun(TraceOptions options, ITracePrinter printer)
    {
        _options = options;
        _printer = printer;
    }

    /// <summary>Prints the conversation.</summary>
    /// <param name="cancellationToken">Ends it: what was read by then is printed, and that is no error.</param>
    /// <exception cref="ToolException">The file is no recording, or a damaged one, or was cut while it was followed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Stream file = ConversationFile.Open(_options.File);
        using ConversationReader reader = new(file);
        bool begun = false;
        try
        {
            while (true)
            {
                Drain(reader, ref begun, cancellationToken);
                if (!_options.Follow || reader.IsAtLimit || cancellationToken.IsCancellationRequested)
                    break;
                _printer.Flush();
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (file.Length < file.Position)
                    throw new ToolException($"'{_options.File}' became shorter while it was followed: another program is rewriting it");
            }
        }
        catch (RecordingCorruptException e)
        {
            _printer.Flush();
            throw new ToolException($"'{_options.File}': {e.Message}", e);
        }

        if (begun)
            _printer.End(reader.Leftover, reader.IsAtLimit);
        else if (!_options.Follow)
            throw new ToolException($"'{_options.File}' ends before a recording begins: it has {reader.Leftover} bytes");
        _printer.Flush();
    }

    private void Drain(ConversationReader reader, ref bool begun, CancellationToken cancellationToken)
    {
        bool any = true;
        while (any && !cancellationToken.IsCancellationRequested)
        {
            any = reader.TryRead(out RecordedMessage message);
            if (!begun && reader.Start is { } start)
            {
                _printer.Begin(start);
                begun = true;
            }

            if (any)
                _printer.Print(message);
        }
    }
}
