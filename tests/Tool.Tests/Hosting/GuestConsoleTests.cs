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

    // A full disk: the next byte ends the guest, on whatever thread the failure was met.
    [Fact]
    public void An_output_that_fails_is_told_by_the_next_byte()
    {
        using var full = new FullStream();
        GuestConsole console = new(full, Pause, _clock);
        console.Write((byte)'a');
        _clock.Advance(Pause);
        Assert.Equal("the guest's console cannot be written: full", Assert.Throws<IOException>(() => console.Write((byte)'b')).Message);
        console.Dispose();

        GuestConsole second = new(full, Pause, _clock);
        second.Write((byte)'a');
        Assert.Equal("the guest's console cannot be written: full", Assert.Throws<ToolException>(second.Dispose).Message);
    }

    private sealed class FullStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("full");
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

    // A prompt, and a slow line into a pipe: what the host says meanwhile begins a line, and the guest's is seen whole behind it.
    [Fact]
    public void What_the_host_says_is_not_in_the_middle_of_a_line_of_the_guests()
    {
        var notes = new HostNotes(new StreamWriter(_output) { NewLine = "\n" }, _clock, _console);
        Say("one\nlogin: ");
        notes.Write("before the part is seen");
        _clock.Advance(Pause);
        Say("ro");
        notes.Write("amidst");
        Say("ot\n");
        notes.Write("between");
        Assert.Matches("^one\nhost .*: before the part is seen\nlogin: \nhost .*: amidst\nlogin: root\nhost .*: between\n$", Seen);
    }

    [Fact]
    public void A_line_longer_than_is_kept_goes_on_behind_what_the_host_says()
    {
        var notes = new HostNotes(new StreamWriter(_output) { NewLine = "\n" }, _clock, _console);
        string most = new('x', 4096);
        Say(most);
        Assert.Equal(most, Seen);
        notes.Write("amidst");
        Say("y\n");
        Assert.Matches("^x{4096}\nhost .*: amidst\ny\n$", Seen);
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
