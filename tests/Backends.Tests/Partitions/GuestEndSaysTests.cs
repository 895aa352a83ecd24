using VmBus.Hosting;

namespace VmBus.Backends.Tests.Partitions;

public class GuestEndSaysTests
{
    [Theory]
    [InlineData(GuestEndReason.Stopped, true, false)]
    [InlineData(GuestEndReason.PoweredOff, true, false)]
    [InlineData(GuestEndReason.Reset, true, true)]
    [InlineData(GuestEndReason.Crashed, false, false)]
    [InlineData(GuestEndReason.TripleFault, false, false)]
    [InlineData(GuestEndReason.Halted, false, false)]
    [InlineData(GuestEndReason.Failed, false, false)]
    internal void An_end_says_whether_it_was_meant(GuestEndReason reason, bool isOrderly, bool wantsRestart)
    {
        var end = new GuestEnd(reason, "so");
        Assert.Equal((isOrderly, wantsRestart, "so"), (end.IsOrderly, end.WantsRestart, end.Detail));
    }
}
