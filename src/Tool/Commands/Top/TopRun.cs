// Readings at an interval, and who shows them: a screen, a log, or lines of JSON.

using System.Text.Json;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Runs <c>vmbus top</c>.</summary>
internal sealed class TopRun
{
    private readonly TopOptions _options;
    private readonly Func<IReadOnlyList<SysfsDevice>> _read;
    private readonly TimeProvider _clock;
    private readonly TopView _view = new();
    private readonly long _start;
    private TopReading? _before;
    private TopReading? _now;

    /// <summary>Makes a run.</summary>
    public TopRun(TopOptions options, Func<IReadOnlyList<SysfsDevice>> read, TimeProvider clock)
    {
        _options = options;
        _read = read;
        _clock = clock;
        _start = clock.GetTimestamp();
        _view.SortBy(options.Sort, options.IsReversed);
        _view.ShowTotals(options is { IsOnce: true, Readings: 1 });
    }

    /// <summary>Writes each reading below the other; only the last when asked once.</summary>
    public async Task PrintAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        int width = terminal.OutConsole?.Profile.Width ?? TopTable.Unlimited;
        for (int reading = 1; reading <= _options.Readings; reading++)
        {
            Read();
            if (!_options.IsOnce || reading == _options.Readings)
            {
                if (reading > 1 && !_options.IsOnce && !_options.IsJson)
                    terminal.Out.WriteLine();
                Print(terminal.Out, width);
            }

            if (reading < _options.Readings)
                await Task.Delay(_options.Interval, _clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return;
        }
    }

    /// <summary>Shows readings on a screen until a key ends it.</summary>
    /// <param name="screen">The screen. It is given back at the end, whatever the end is.</param>
    /// <param name="cancellationToken">Ends it: that is no error.</param>
    public async Task ShowAsync(ILiveScreen screen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(screen);
        Read();     // what fails at once is said on the usual screen
        screen.Enter();
        try
        {
            for (int readings = 1; ; readings++)
            {
                if (!await StayAsync(screen, last: readings >= _options.Readings, cancellationToken).ConfigureAwait(false))
                    return;
                Read();
            }
        }
        finally
        {
            screen.Leave();
        }
    }

    // Shows one reading until the next is due. False when that was the last one.
    private async Task<bool> StayAsync(ILiveScreen screen, bool last, CancellationToken cancellationToken)
    {
        long shown = _clock.GetTimestamp();
        while (true)
        {
            screen.Draw(TopLayout.Screen(Rows(), _now!, _view, _options.Interval, screen.Size));
            TopAction action;
            do
            {
                TimeSpan left = _options.Interval - _clock.GetElapsedTime(shown);
                TimeSpan wait = _view.IsPaused ? Timeout.InfiniteTimeSpan : left > TimeSpan.Zero ? left : TimeSpan.Zero;
                action = await NextAsync(screen, wait, cancellationToken).ConfigureAwait(false) switch
                {
                    null => TopAction.Refresh,
                    { Key: { } key } => _view.Press(key, TopLayout.Room(screen.Size.Rows)),
                    _ => TopAction.Draw,
                };
                if (action == TopAction.Quit || cancellationToken.IsCancellationRequested)
                    return false;
            }
            while (action == TopAction.None);
            if (action == TopAction.Refresh)
                return !last;
        }
    }

    // What a person does next; null when the time is up.
    private async Task<ScreenEvent?> NextAsync(ILiveScreen screen, TimeSpan wait, CancellationToken cancellationToken)
    {
        using CancellationTokenSource up = new(wait, _clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(up.Token, cancellationToken);
        Task<bool> ready = screen.Events.WaitToReadAsync(either.Token).AsTask();
        await ((Task)ready).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return screen.Events.TryRead(out ScreenEvent what) ? what : null;
    }

    private void Print(TextWriter output, int width)
    {
        if (_options.IsJson)
        {
            TopDocument document = TopDocument.From(_options.Sort.Sort(Rows(), _options.IsReversed, _view.IsTotals), _now!, _before, VmBusCommand.Version);
            output.WriteLine(JsonSerializer.Serialize(document, (_options.IsOnce ? ToolJson.Indented : ToolJson.Default).TopDocument));
        }
        else
        {
            foreach (ScreenLine line in TopLayout.Plain(Rows(), _now!, _view, width))
                output.WriteLine(line);
        }

        output.Flush();
    }

    private IReadOnlyList<TopRow> Rows() => TopRows.From(_now!, _before);

    private void Read()
    {
        TopReading reading = new(_clock.GetLocalNow(), _clock.GetElapsedTime(_start), _read());
        (_before, _now) = (_now, reading);
    }
}
