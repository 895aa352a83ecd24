using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Screens;

public sealed class AnsiFrameTests
{
    private static readonly ScreenLine[] Lines =
    [
        new ScreenLine("head", ScreenTint.Bar).Add(" chosen", ScreenTint.Chosen), new("a long line that is cut", ScreenTint.Alarm), new("quiet", ScreenTint.Quiet), new("unseen"),
    ];

    [Fact]
    public void Every_cell_is_written_and_nothing_beyond_the_screen()
    {
        TerminalPicture picture = new(10, 3);
        picture.Write(string.Concat(Enumerable.Repeat("x", 30)));

        picture.Write(AnsiFrame.Write(Lines, 10, 3, colors: true));

        Assert.Equal("head chose\na long lin\nquiet     ", picture.ToString(trimmed: false));
    }

    [Fact]
    public void Without_colours_there_is_no_colour()
    {
        string plain = AnsiFrame.Write(Lines, 30, 4, colors: false), colored = AnsiFrame.Write(Lines, 30, 4, colors: true);

        Assert.DoesNotMatch(@"\e\[[0-9;]*[349][0-7]m", plain);
        Assert.Matches(@"\e\[[0-9;]*[349][0-7]m", colored);
        Assert.Contains("\e[7mhead", plain, StringComparison.Ordinal);
    }

    [Fact]
    public void Leaving_undoes_entering()
    {
        TerminalPicture picture = new(10, 2);
        picture.Write("before");
        picture.Write(AnsiFrame.Enter + AnsiFrame.Write(Lines, 10, 2, colors: true));
        Assert.Equal((true, false), (picture.IsAlternate, picture.HasCursor));

        picture.Write(AnsiFrame.Leave);

        Assert.Equal("before\n", picture.ToString(trimmed: true));
        Assert.Equal((false, true, true), (picture.IsAlternate, picture.HasCursor, picture.Wraps));
    }
}
