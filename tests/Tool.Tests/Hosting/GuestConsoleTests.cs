using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>What a guest writes to its console, and when it is seen.</summary>
public sealed class GuestConsoleTests : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new();
    private readonly MemoryStream _output = new();
    private readonly GuestConsole _console;

    public GuestConsoleTests() => _console = new GuestConsole(_output, Pause, _clock);

    private string Seen => Encoding.ASCII.GetString(_output.ToArray());

    [Fact]
    public void A_line_is_seen_whole_however_slowly_it_is_written()
    {
        foreach (char one in "@host resume echo0")
        {
            _console.Write((byte)one);
            _clock.Advance(Pause * 0.9);
        }
        Assert.Equal("", Seen);
        _console.Write((byte)'\n');
        Assert.Equal("@host resume echo0\n", Seen);
    }

    [Fact]
    public void A_part_of_a_line_is_seen_after_a_pause_and_the_next_part_after_another()
    {
        Say("line\nlogin: ");
        Assert.Equal("line\n", Seen);
        _clock.Advance(Pause);
        Assert.Equal("line\nlogin: ", Seen);
        Say("ro");
        _clock.Advance(Pause * 0.5);
        Say("ot");
        _clock.Advance(Pause * 0.75);
        Assert.Equal("line\nlogin: ", Seen);
        _clock.Advance(Pause * 0.25);
        Assert.Equal("line\nlogin: root", Seen);
    }

    [Fact]
    public void The_end_shows_what_is_left()
    {
        Say("half");
        _console.Dispose();
        Assert.Equal("half", Seen);
    }

    public void Dispose() => _console.Dispose();

    private void Say(string text)
    {
        foreach (byte one in Encoding.ASCII.GetBytes(text))
            _console.Write(one);
    }
}
