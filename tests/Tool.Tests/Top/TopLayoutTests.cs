using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Top;

public sealed class TopLayoutTests
{
    private static readonly SysfsDevice[] Before = [Guests.Shutdown, Guests.Network(14, Subchannel(21, 1), Subchannel(22, 2))];

    private static readonly SysfsDevice[] After =
    [
        Guests.Shutdown.With(channel => channel with { Interrupts = 8, Events = 5 }),
        Guests.Network(14, Subchannel(21, 1, 123_456), Subchannel(22, 2, 1100)).With(channel => channel with { Interrupts = 112_000 })
            with { Outgoing = new SysfsRing(0, 0, 0, 110_000, 16_976) },
        new SysfsDevice { Name = "x", Path = "/nowhere", Relid = 40, ClassId = Guid.Empty, Channels = [new SysfsChannel { Relid = 40, VpIndex = 1 }] },
    ];

    [Theory]
    [InlineData(170), InlineData(120), InlineData(80)]
    public void A_screen_shows_what_fits_its_width(int width) => Golden.Check($"top-{width}.txt", Text(new TopView(), (width, 12)) + "\n");

    [Fact]
    public void The_table_fits_every_width()
    {
        for (int width = 20; width < 200; width++)
        {
            IReadOnlyList<ScreenLine> lines = Lines(new TopView(), (width, 12));
            Assert.Equal(12, lines.Count);
            // Channel and device are not left out; what is left of them is cut by the screen.
            Assert.All(lines.Skip(2).SkipLast(1), line => Assert.True(line.Width <= width, $"{width}: {line}"));
        }
    }

    [Fact]
    public void The_column_sorted_by_is_there_however_narrow_the_screen()
    {
        TopView view = new();
        view.SortBy(TopColumns.All.Single(column => column.Name == "full-total"), reverse: false);

        string head = Text(view, (80, 12)).Split('\n')[2];

        Assert.Contains("FULL/s", head, StringComparison.Ordinal);
        Assert.DoesNotContain("OUTEMPTY", head, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ring_that_is_nearly_full_stands_out()
    {
        ScreenLine network = Lines(new TopView(), (80, 12))[4];

        Assert.Contains(("86.6", ScreenTint.Alarm), network.Pieces);
    }

    [Fact]
    public void What_does_not_fit_the_height_is_scrolled_to()
    {
        TopView view = new();
        (int, int Rows) size = (80, 7);
        Assert.Contains("0 above, 2 below", Text(view, size), StringComparison.Ordinal);

        Press(view, ConsoleKey.DownArrow);
        Assert.Contains("1 above, 1 below", Text(view, size), StringComparison.Ordinal);
        Press(view, ConsoleKey.End);
        Assert.Contains("2 above, 0 below", Text(view, size), StringComparison.Ordinal);
        Assert.Contains("unknown", Text(view, size), StringComparison.Ordinal);
        Press(view, ConsoleKey.PageUp);
        Assert.Contains("0 above, 2 below", Text(view, size), StringComparison.Ordinal);
        Assert.DoesNotContain("above", Text(view, (80, 24)), StringComparison.Ordinal);
    }

    [Fact]
    public void Help_tells_every_column_and_key()
    {
        TopView view = new();
        view.Press(new ConsoleKeyInfo('h', default, false, false, false), 5);

        string help = Text(view, (80, 40));

        Assert.All(TopColumns.All, column => Assert.Contains(column.Meaning, help, StringComparison.Ordinal));
        Assert.All(help.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }

    [Fact]
    public void A_bus_without_devices_says_so()
    {
        TopReading empty = Guests.Reading(1);

        IReadOnlyList<ScreenLine> lines = TopLayout.Screen([], empty, new TopView(), TimeSpan.FromSeconds(1), (80, 10));

        Assert.Contains(lines, line => line.ToString() == "no devices on the bus");
        Assert.Equal(10, lines.Count);
    }

    private static SysfsChannel Subchannel(uint relid, uint index, ulong interrupts = 1000) =>
        Guests.Channel(relid, interrupts) with { SubchannelIndex = index, VpIndex = index, MonitorId = 41 + (int)index, Latency = TimeSpan.FromMicroseconds(50), Pending = 0 };

    private static IReadOnlyList<ScreenLine> Lines(TopView view, (int, int) size)
    {
        TopReading now = Guests.Reading(3, After);
        return TopLayout.Screen(TopRows.From(now, Guests.Reading(1, Before)), now, view, TimeSpan.FromSeconds(2), size);
    }

    private static string Text(TopView view, (int, int) size) => string.Join('\n', Lines(view, size));

    private static void Press(TopView view, ConsoleKey key) => view.Press(new ConsoleKeyInfo('\0', key, false, false, false), 3);
}
