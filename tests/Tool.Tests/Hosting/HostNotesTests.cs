using Microsoft.Extensions.Time.Testing;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>What a guest brings about is told, up to a limit that it cannot pass.</summary>
public sealed class HostNotesTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StringWriter _text = new();
    private readonly HostNotes _notes;

    public HostNotesTests() => _notes = new HostNotes(_text, _clock);

    public void Dispose() => _text.Dispose();

    private string[] Lines => [.. _text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].TrimEnd())];

    [Fact]
    public void A_guest_that_opens_and_closes_without_end_is_told_of_once_a_second()
    {
        for (int open = 1; open <= 10_000; open++)
            _notes.WriteAbout("echo", $"open {open}");
        Assert.Equal([.. Enumerable.Range(1, NoteBudget.BurstOfOne).Select(open => $"open {open}")], Lines);

        _clock.Advance(TimeSpan.FromSeconds(2));
        for (int open = 1; open <= 3; open++)
            _notes.WriteAbout("echo", $"later {open}");
        Assert.Equal([$"{10_000 - NoteBudget.BurstOfOne} lines about echo left out", "later 1", "later 2"], Lines[NoteBudget.BurstOfOne..]);
        _notes.WriteLeftOut();
        _notes.WriteLeftOut();
        Assert.Equal(["1 line about echo left out"], Lines[(NoteBudget.BurstOfOne + 3)..]);
    }

    [Fact]
    public void One_device_does_not_silence_another_nor_the_host()
    {
        for (int open = 0; open < 1000; open++)
            _notes.WriteAbout("echo", "open");
        _notes.WriteAbout("pipe", "open");
        for (int line = 0; line < 1000; line++)
            _notes.Write("status");
        Assert.Equal(NoteBudget.BurstOfOne, Lines.Count(line => line == "open") - 1);
        Assert.Equal(1000, Lines.Count(line => line == "status"));
    }

    // A guest under --restart that does nothing but reset.
    [Fact]
    public void Restarts_without_end_are_told_of_once_a_second()
    {
        Assert.Equal(NoteBudget.BurstOfOne, Enumerable.Range(0, 1000).Count(_ => _notes.IsTold("restarts")));
        Assert.Empty(Lines);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_notes.IsTold("restarts"));
        Assert.Equal([$"{1000 - NoteBudget.BurstOfOne} lines about restarts left out"], Lines);
    }

    [Fact]
    public void Many_devices_together_have_a_limit_too()
    {
        for (int line = 0; line < 40; line++)
        {
            for (int device = 0; device < 200; device++)
                _notes.WriteAbout($"echo{device}", "open");
        }

        Assert.Equal(NoteBudget.BurstOfAll, Lines.Length);
        _clock.Advance(TimeSpan.FromSeconds(1));
        for (int device = 0; device < 200; device++)
            _notes.WriteAbout($"echo{device}", "later");
        Assert.Equal(10, Lines.Count(line => line == "later"));
    }

    [Fact]
    public void After_a_pause_there_are_as_many_as_at_first_and_no_more()
    {
        for (int round = 0; round < 3; round++)
        {
            int before = Lines.Length;
            for (int open = 0; open < 100; open++)
                _notes.WriteAbout("echo", "open");
            Assert.Equal(NoteBudget.BurstOfOne + (round == 0 ? 0 : 1), Lines.Length - before);
            _clock.Advance(TimeSpan.FromDays(400));
        }
    }

    [Fact]
    public void Pauses_save_nothing_up()
    {
        for (int pause = 0; pause < 5; pause++)
        {
            _notes.WriteAbout("echo", "now and then");
            _clock.Advance(TimeSpan.FromDays(400));
        }
        for (int open = 0; open < 1000; open++)
            _notes.WriteAbout("echo", "open");
        Assert.Equal(NoteBudget.BurstOfOne, Lines.Count(line => line == "open"));
    }
}
