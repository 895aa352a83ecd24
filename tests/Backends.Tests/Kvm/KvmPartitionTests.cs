using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Kvm;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>How a partition is made, and what it refuses.</summary>
[SupportedOSPlatform("linux")]
public sealed class KvmPartitionTests
{
    [Theory]
    [InlineData(4096 + 1, 1, false, false)]
    [InlineData(4096, 1, false, false)]
    [InlineData(0, 1, false, false)]
    [InlineData((256L << 30) + 4096, 1, false, false)]
    [InlineData(1 << 20, 0, false, false)]
    [InlineData(1 << 20, KvmPartitionOptions.MostVps + 1, false, false)]
    [InlineData(1 << 20, 1, true, false)]
    public void Options_that_contradict_each_other_are_refused(long memory, int vps, bool hyperv, bool interrupts)
    {
        Assert.Throws<ArgumentException>(() => new KvmPartition(new() { MemorySize = memory, VpCount = vps, IsHyperv = hyperv, HasInterrupts = interrupts }));
    }

    [Fact]
    public void A_device_that_is_not_there_or_no_KVM_is_an_error_of_the_system_that_names_it()
    {
        KvmResources before = KvmResources.Count();
        ErrnoException missing = Assert.Throws<ErrnoException>(() => new KvmPartition(new() { Device = "/dev/no-such-kvm" }));
        Assert.Equal(Errno.NoSuchFile, missing.Errno);
        Assert.Contains("/dev/no-such-kvm", missing.Message, StringComparison.Ordinal);
        ErrnoException other = Assert.Throws<ErrnoException>(() => new KvmPartition(new() { Device = "/dev/null" }));
        Assert.Equal(Errno.NoSuchControl, other.Errno);
        Assert.Contains("/dev/null", other.Message, StringComparison.Ordinal);
        before.AssertUnchanged();
    }

    [KvmFact]
    public void A_KVM_without_Hyper_V_is_refused_by_the_names_of_what_it_lacks()
    {
        using KvmSystem system = KvmSystem.Open();
        IReadOnlyList<KvmCapability> missing = KvmRequirements.Missing(system, KvmNeeds.OfHyperv);
        Assert.Equal(system.Check(KvmCapability.HypervSynic2) == 0, missing.Contains(KvmCapability.HypervSynic2));
        KvmResources before = KvmResources.Count();
        Exception? refused = Record.Exception(() => new KvmPartition(KvmNeeds.OfHyperv).Dispose());
        if (missing.Count == 0)
        {
            Assert.Null(refused);
        }
        else
        {
            Assert.IsType<PlatformNotSupportedException>(refused);
            Assert.All(missing, capability => Assert.Contains(capability.ToString(), refused.Message, StringComparison.Ordinal));
        }
        before.AssertUnchanged();
    }

    [KvmFact]
    public void Ports_are_one_devices_alone()
    {
        using var partition = new KvmPartition(KvmNeeds.OfAnyGuest);
        partition.AddPorts(new RecordingPort(0x500, 8));
        Assert.Throws<ArgumentException>(() => partition.AddPorts(new RecordingPort(0x507, 1)));
        Assert.Throws<ArgumentException>(() => partition.AddPorts(new RecordingPort(0x4FF, 2)));
        partition.AddPorts(new RecordingPort(0x508, 1));
        partition.AddPorts(new RecordingPort(0x4FF, 1));
    }

    [KvmFact]
    public void Without_interrupts_nothing_reaches_the_guests_SynIC()
    {
        using var partition = new KvmPartition(KvmNeeds.OfAnyGuest);
        Assert.Null(partition.TryCreateEventFlag(new MessageTarget(0), 5));
        Assert.Equal(HypercallStatus.InvalidParameter, partition.PostMessage(new MessageTarget(0), [1]));
        Assert.Equal(HypercallStatus.InvalidVpIndex, partition.PostMessage(new MessageTarget(1), [1]));
    }

    [KvmFact]
    public void A_connection_is_taken_once_and_free_again_after_its_disposal()
    {
        using var partition = new KvmPartition(KvmNeeds.OfAnyGuest);
        using ISignalGate gate = partition.CreateGate();
        using (partition.ConnectEvents(7, gate))
        {
            Assert.Throws<InvalidOperationException>(() => partition.ConnectEvents(7, gate));
            Assert.Throws<InvalidOperationException>(() => partition.ConnectMessages(7, _ => HypercallStatus.Success));
        }
        partition.ConnectMessages(7, _ => HypercallStatus.Success).Dispose();
    }

    [KvmFact]
    public void A_partition_is_disposed_once_and_stays_ended()
    {
        var partition = new KvmPartition(KvmNeeds.OfAnyGuest);
        partition.Dispose();
        partition.Dispose();
        Assert.Equal(GuestEndReason.Stopped, partition.Ended.Result.Reason);
    }
}
