// What came of the host's files, a line each, as far as there is room for lines: how many files there are is the host's.

using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>Tells how copies end, of each outcome no more than <see cref="NoteBudget"/> allows. Not thread-safe.</summary>
/// <param name="lines">Where the lines go.</param>
/// <param name="notes">Where the number of those left out is reported.</param>
/// <param name="isJson">Whether lines are JSON.</param>
/// <param name="clock">The clock of the limits; the system's by default.</param>
internal sealed class FileCopyNotes(TextWriter lines, TextWriter notes, bool isJson, TimeProvider? clock = null)
{
    private readonly NoteBudget _budget = new(clock ?? TimeProvider.System);

    /// <summary>Tells of a copy that ended.</summary>
    public void Tell(FileCopyReport report)
    {
        FileCopyLine line = FileCopyLine.From(report, DateTimeOffset.UtcNow);
        if (!_budget.TryTake(line.Outcome, out long leftOut))
            return;
        if (leftOut > 0)
            TellLeftOut(line.Outcome, leftOut);
        lines.WriteLine(isJson ? line.Json() : line.Text());
        lines.Flush();
    }

    /// <summary>Tells how many lines were left out since that was told last.</summary>
    public void TellLeftOut()
    {
        foreach ((string outcome, long leftOut) in _budget.TakeLeftOut())
            TellLeftOut(outcome, leftOut);
    }

    private void TellLeftOut(string outcome, long count)
    {
        notes.WriteLine($"vmbus: {NoteBudget.LeftOut($"{outcome} copies", count)}");
        notes.Flush();
    }
}
