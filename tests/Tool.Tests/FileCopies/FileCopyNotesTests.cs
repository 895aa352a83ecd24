using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;

namespace VmBus.Tool.Tests.FileCopies;

/// <summary>A host that copies files without end is told of up to a limit that it cannot pass.</summary>
public sealed class FileCopyNotesTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StringWriter _lines = new();
    private readonly StringWriter _notes = new() { NewLine = "\n" };

    public void Dispose()
    {
        _lines.Dispose();
        _notes.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Files_without_end_are_told_of_once_a_second_and_what_is_left_out_is_counted(bool isJson)
    {
        var notes = new FileCopyNotes(_lines, _notes, isJson, _clock);
        for (int file = 0; file < 10_000; file++)
            notes.Tell(Report(FileCopyOutcome.Refused));
        Assert.Equal(NoteBudget.BurstOfOne, Lines);
        // Another outcome has lines of its own.
        notes.Tell(Report(FileCopyOutcome.Completed));
        Assert.Equal(NoteBudget.BurstOfOne + 1, Lines);
        Assert.Equal("", _notes.ToString());

        _clock.Advance(TimeSpan.FromSeconds(1));
        notes.Tell(Report(FileCopyOutcome.Refused));
        notes.Tell(Report(FileCopyOutcome.Refused));
        notes.TellLeftOut();
        notes.TellLeftOut();
        Assert.Equal(NoteBudget.BurstOfOne + 2, Lines);
        Assert.Equal($"vmbus: {10_000 - NoteBudget.BurstOfOne} lines about refused copies left out\nvmbus: 1 line about refused copies left out\n", _notes.ToString());
    }

    private int Lines => _lines.ToString().Count(one => one == '\n');

    private static FileCopyReport Report(FileCopyOutcome outcome) => new(new FileCopyRequest("f", "", 10), outcome, FileCopyVerdict.Success, 0, TimeSpan.Zero);
}
