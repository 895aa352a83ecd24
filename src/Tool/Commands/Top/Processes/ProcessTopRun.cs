// Readings of a process's meter, and who shows them: a screen, a log, or lines of JSON.

using System.Text.Json;
using System.Threading.Channels;

namespace VmBus.Tool;

/// <summary>Runs <c>vmbus top --process</c>.</summary>
/// <param name="process">The process.</param>
/// <param name="options">What was asked for.</param>
/// <param name="readings">What its meter tells.</param>
internal sealed class ProcessTopRun(int process, TopOptions options, ChannelReader<ProcessReading> readings)
{
    private bool _totals = options is { IsOnce: true, Readings: 1 };

    /// <summary>Writes each reading below the other; only the last when asked once.</summary>
    public async Task PrintAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        for (int number = 1; number <= options.Readings; number++)
        {
            if (await NextAsync(cancellationToken).ConfigureAwait(false) is not { } reading)
            {
                if (!cancellationToken.IsCancellationRequested)
                    await terminal.Error.WriteLineAsync($"Process {process} has ended.").ConfigureAwait(false);
                return;
            }
            if (options.IsOnce && number < options.Readings)
                continue;
            if (options.IsJson)
            {
                var document = ProcessTopDocument.From(process, reading, VmBusCommand.Version);
                terminal.Out.WriteLine(JsonSerializer.Serialize(document, (options.IsOnce ? ToolJson.Indented : ToolJson.Default).ProcessTopDocument));
            }
            else
            {
                if (number > 1 && !options.IsOnce)
                    terminal.Out.WriteLine();
                foreach (ScreenLine line in ProcessTopTable.Lines(process, reading, _totals))
                    terminal.Out.WriteLine(line);
            }
            terminal.Out.Flush();
        }
    }

    /// <summary>Shows readings on a screen until a key or the process's end ends it.</summary>
    /// <param name="screen">The screen. It is given back at the end, whatever the end is.</param>
    /// <param name="cancellationToken">Ends it: that is no error.</param>
    /// <returns>Whether the process has ended.</returns>
    public async Task<bool> ShowAsync(ILiveScreen screen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(screen);
        ProcessReading? shown = await NextAsync(cancellationToken).ConfigureAwait(false);
        if (shown is null)
            return !cancellationToken.IsCancellationRequested;
        screen.Enter();
        try
        {
            int number = 1;
            while (true)
            {
                Draw(screen, shown);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                Task next = readings.WaitToReadAsync(either.Token).AsTask(), key = screen.Events.WaitToReadAsync(either.Token).AsTask();
                await Task.WhenAny(next, key).ConfigureAwait(false);
                await either.CancelAsync().ConfigureAwait(false);
                await Task.WhenAll(next, key).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (cancellationToken.IsCancellationRequested)
                    return false;
                while (screen.Events.TryRead(out ScreenEvent happened))
                {
                    if (happened.Key?.KeyChar is 'q' or 'Q')
                        return false;
                    _totals ^= happened.Key?.KeyChar == 't';
                }
                if (readings.TryRead(out ProcessReading? newer))
                {
                    shown = newer;
                    if (++number > options.Readings)
                        return false;
                }
                else if (readings.Completion.IsCompleted)
                {
                    await readings.Completion.ConfigureAwait(false);
                    return true;
                }
            }
        }
        finally
        {
            screen.Leave();
        }
    }

    private void Draw(ILiveScreen screen, ProcessReading reading)
    {
        (int columns, int rows) = screen.Size;
        List<ScreenLine> lines = [.. ProcessTopTable.Lines(process, reading, _totals).Take(Math.Max(rows - 1, 1))];
        while (lines.Count < rows - 1)
            lines.Add(new ScreenLine());
        lines.Add(new ScreenLine("q quit  t totals".PadRight(Math.Max(columns, 0)), ScreenTint.Bar));
        screen.Draw(lines);
    }

    // The next reading; null at the end of the process or of the run.
    private async Task<ProcessReading?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await readings.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception ended) when (ended is ChannelClosedException { InnerException: null } or OperationCanceledException)
        {
            return null;
        }
        catch (ChannelClosedException failed)
        {
            throw failed.InnerException!;
        }
    }
}
