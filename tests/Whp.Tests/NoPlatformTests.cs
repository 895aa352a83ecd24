using VmBus.Interop;

namespace VmBus.Whp.Tests;

/// <summary>A Windows without the platform: run with VMBUS_STANDIN=none.</summary>
public sealed class NoPlatformTests
{
    [Fact]
    public void Without_the_DLL_it_is_said_which_feature_to_turn_on()
    {
        Assert.SkipUnless(Standin.Kind == "none", "Only where there is no WinHvPlatform.dll.");
        Assert.False(WhpPlatform.IsInstalled);
        Assert.Contains("turn on the Windows feature", Assert.Throws<PlatformNotSupportedException>(() => new WhpPartition()).Message, StringComparison.Ordinal);
        Assert.Throws<DllNotFoundException>(WhpVm.Create);
    }
}
