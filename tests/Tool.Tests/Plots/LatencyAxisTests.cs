namespace VmBus.Tool.Tests.Plots;

public class LatencyAxisTests
{
    [Theory]
    [InlineData(50, 0.30)]
    [InlineData(90, 1)]
    [InlineData(99.9, 3)]
    public void Each_nine_takes_the_same_room(double percentile, double place) =>
        Assert.Equal(place, LatencyAxis.PercentilePlace(percentile), 0.01);

    [Theory]
    [InlineData(1)]
    [InlineData(999)]
    [InlineData(1_000)]
    [InlineData(1_100)]
    [InlineData(11_000_000)]
    public void The_highest_decade_has_room_for_its_label(double most)
    {
        double shown = Math.Log10(LatencyAxis.Headroom(most));
        Assert.True(Math.Pow(10, shown) >= most * 0.999);
        Assert.InRange(shown - Math.Floor(shown), 0.1499, 1);
    }
}
