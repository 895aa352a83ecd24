// How far a run has come, on standard error: one live bar on a terminal, one line a step in a log.

using Spectre.Console;

namespace VmBus.Tool;

/// <summary>Shows the steps of a run while they are worked on.</summary>
internal static class ProgressDisplay
{
    // The display must not eat the cores that are being measured.
    private static readonly TimeSpan RefreshRate = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs work on a thread of its own and shows its progress until it ends.</summary>
    /// <typeparam name="T">What the work gives.</typeparam>
    /// <param name="terminal">Where to show it.</param>
    /// <param name="work">
    /// The work. It tells the display each step it begins: its name, and how much of the whole is behind it (0 to 1).
    /// </param>
    public static Task<T> RunAsync<T>(Terminal terminal, Func<Display, T> work) =>
        terminal.Progress is { } console ? Live(console, work) : Start(() => work(new Display(terminal.Error)));

    private static Task<T> Live<T>(IAnsiConsole console, Func<Display, T> work)
    {
        Progress progress = console.Progress();
        progress.AutoClear = true;
        progress.RefreshRate = RefreshRate;
        progress.Columns(
            new ProgressBarColumn { Width = 24 },
            new PercentageColumn(),
            new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.StartAsync(context =>
        {
            ProgressTask task = context.AddTask("starting", maxValue: 1);
            return Start(() => work(new Display(task, console)));
        });
    }

    private static Task<T> Start<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>What the work tells. Callable from any thread.</summary>
    internal sealed class Display
    {
        private readonly ProgressTask? _task;
        private readonly IAnsiConsole? _console;
        private readonly TextWriter? _lines;

        /// <summary>Shows on a live bar.</summary>
        public Display(ProgressTask task, IAnsiConsole console) => (_task, _console) = (task, console);

        /// <summary>Shows as lines.</summary>
        public Display(TextWriter lines) => _lines = lines;

        /// <summary>Tells something that stays, above the bar.</summary>
        public void Note(string text)
        {
            _lines?.WriteLine(text);
            _console?.WriteLine(text);
        }

        /// <summary>Begins a step.</summary>
        /// <param name="name">Its name.</param>
        /// <param name="behind">How much of the whole is done, 0 to 1.</param>
        public void Step(string name, double behind)
        {
            Move(name, behind);
            _lines?.WriteLine(name);
        }

        /// <summary>Moves on within a step; a log does not show it.</summary>
        /// <param name="name">What to show beside the bar.</param>
        /// <param name="behind">How much of the whole is done, 0 to 1.</param>
        public void Move(string name, double behind)
        {
            if (_task is null)
                return;
            _task.Description = Markup.Escape(name);
            _task.Value = Math.Clamp(behind, 0, 1);
        }

        /// <summary>Reports the end of a step; a live bar has no room for it.</summary>
        public void Done(string line) => _lines?.WriteLine(line);
    }
}
