namespace VmBus.Tool.Tests.Latency;

public class MachineNoiseMeterTests
{
    [Fact]
    public void The_machine_has_an_error_and_it_is_in_order()
    {
        MachineNoise noise = MachineNoiseMeter.Measure(TestContext.Current.CancellationToken);
        // A sleep is never shorter than asked for; three digits are kept.
        Assert.True(noise.SleepP50 >= noise.SleepAsked * 0.999, $"{noise}");
        Assert.True(noise.SleepP50 <= noise.SleepP99 && noise.SleepP99 <= noise.SleepMax, $"{noise}");
        Assert.True(noise.ClockRead > 0 && noise.Interlocked > 0, $"{noise}");
        if (OperatingSystem.IsLinux())
            Assert.True(noise.WakeOnOneCore > 0, $"{noise}");
    }

    [Fact]
    public void A_cancelled_measurement_ends() => Assert.ThrowsAny<OperationCanceledException>(
        () => MachineNoiseMeter.Measure(new CancellationToken(canceled: true)));
}
