using ScottPlot;
using SkiaSharp;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Plots;

public class PictureTests
{
    private static readonly byte[] PngSignature = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    [Fact]
    public void Distributions_are_a_picture_with_a_curve_of_each_mode()
    {
        using SKBitmap picture = Decode(LatencyPlot.Render(FakeReport.Of(works: true)));
        Assert.Equal((LatencyPlot.Width, LatencyPlot.Height), (picture.Width, picture.Height));
        foreach (SignalMode mode in Enum.GetValues<SignalMode>())
            Assert.InRange(Count(picture, ModeColors.Line(mode)), 2000, 100_000);
        Assert.InRange(Count(picture, ModeColors.Ink), 500, 50_000);
        Assert.InRange(Count(picture, ModeColors.Mark), 500, 20_000);
        Assert.True(Count(picture, Colors.White) > picture.Width * picture.Height / 2);
    }

    [Fact]
    public void A_mode_that_was_not_run_has_no_curve()
    {
        using SKBitmap picture = Decode(LatencyPlot.Render(FakeReport.Of(works: true, new() { Modes = [SignalMode.Monitored], Loads = [LoadKind.Paced] })));
        Assert.True(Count(picture, ModeColors.Line(SignalMode.Monitored)) > 1000);
        Assert.Equal(0, Count(picture, ModeColors.Line(SignalMode.LowLatency)));
        Assert.Equal(0, Count(picture, ModeColors.Line(SignalMode.Adaptive)));
    }

    [Fact]
    public void Every_panel_has_curves()
    {
        using SKBitmap picture = Decode(LatencyPlot.Render(FakeReport.Of(works: true)));
        foreach ((int left, int top) in ((int, int)[])[(0, Sheet.HeadHeight), (800, Sheet.HeadHeight), (0, 560), (800, 560)])
        {
            using SKBitmap panel = new();
            Assert.True(picture.ExtractSubset(panel, new SKRectI(left, top, left + 800, top + 400)));
            Assert.True(Count(panel, ModeColors.Line(SignalMode.Monitored)) > 1000, $"panel at {left},{top}");
            Assert.True(Count(panel, ModeColors.Line(SignalMode.LowLatency)) > 1000, $"panel at {left},{top}");
        }
    }

    [Fact]
    public void A_run_without_messages_can_be_drawn() =>
        Decode(LatencyPlot.Render(FakeReport.Of(FakeReport.Cell(SignalMode.Monitored, LoadKind.Paced, 0, messages: 0)))).Dispose();

    [Fact]
    public void A_single_message_can_be_drawn() =>
        Decode(LatencyPlot.Render(FakeReport.Of(FakeReport.Cell(SignalMode.Monitored, LoadKind.Paced, 5_000, messages: 1)))).Dispose();

    [Fact]
    public void The_timeline_is_a_picture_with_a_curve_of_each_mode()
    {
        using SKBitmap picture = Decode(FakeTimeline.Render());
        Assert.Equal((AdaptiveTimeline.Width, AdaptiveTimeline.Height), (picture.Width, picture.Height));
        foreach (SignalMode mode in Enum.GetValues<SignalMode>())
            Assert.InRange(Count(picture, ModeColors.Line(mode)), 1000, 100_000);
    }

    [Fact]
    public void A_timeline_of_nothing_is_refused() => Assert.Throws<ArgumentException>(
        () => AdaptiveTimeline.Render([], TimeSpan.FromMicroseconds(100), FakeTimeline.Loads, "c"));

    [Fact]
    public void The_same_report_gives_the_same_picture() =>
        Assert.Equal(LatencyPlot.Render(FakeReport.Of(works: true)), LatencyPlot.Render(FakeReport.Of(works: true)));

    private static SKBitmap Decode(byte[] png)
    {
        Assert.Equal(PngSignature, png[..8]);
        return SKBitmap.Decode(png) ?? throw new InvalidDataException("Not a picture.");
    }

    private static int Count(SKBitmap picture, Color color)
    {
        SKColor wanted = new(color.ARGB);
        return picture.Pixels.Count(pixel => pixel == wanted);
    }
}
