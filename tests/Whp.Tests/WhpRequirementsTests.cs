using VmBus.Interop;

namespace VmBus.Whp.Tests;

/// <summary>What is said where guests cannot be run.</summary>
public sealed class WhpRequirementsTests : IDisposable
{
    public void Dispose()
    {
        Standin.Say(0, 1);
        Standin.Say(1, 2);
        Standin.Say(2, 0x7FFF);
        Standin.Say(3, ulong.MaxValue);
    }

    [Fact]
    public void Nothing_is_missing_of_a_platform_that_has_everything() => Assert.Empty(WhpRequirements.Missing());

    [Theory]
    [InlineData(0, 0, "No hypervisor is running")]
    [InlineData(1, 0, "no local APIC")]
    [InlineData(2, 2, "cannot intercept Hypercall.")]
    [InlineData(2, 0, "cannot intercept Msr, Hypercall.")]
    [InlineData(3, 0, "AccessSynic, AccessHypercalls")]
    [InlineData(3, 0xDFFFFFFF, "offers guests no SignalEvents: it needs Windows 10 20H2")]
    public void What_is_missing_is_named(uint what, ulong value, string said)
    {
        Standin.Say(what, value);
        Assert.Contains(said, Assert.Single(WhpRequirements.Missing()), StringComparison.Ordinal);
        Assert.Contains(said, Assert.Throws<PlatformNotSupportedException>(() => new WhpPartition()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_names_the_call_and_the_result()
    {
        using var vm = WhpVm.Create();
        vm.SetUp();
        WhpException refused = Assert.Throws<WhpException>(() => vm.SetProperty(WhpProperty.ProcessorCount, 1u));
        Assert.Equal("WHvSetPartitionProperty of ProcessorCount to 1 failed: InvalidPartition (0x80370304)", refused.Message);
        Assert.Equal(WhpResult.InvalidPartition, refused.Result);
    }
}
