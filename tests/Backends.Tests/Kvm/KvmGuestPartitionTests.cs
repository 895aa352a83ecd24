using System.Runtime.Versioning;
using VmBus.Backends.Tests.Partitions;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>The contract over KVM, the guest played by a puppet; nothing may be left at the end.</summary>
[SupportedOSPlatform("linux")]
public abstract class KvmGuestPartitionTests : GuestPartitionContract, IDisposable
{
    private readonly KvmPartition _partition;
    private readonly KvmPuppetPlatform _platform;

    protected KvmGuestPartitionTests(bool eventFds)
    {
        Assert.SkipWhen(KvmFactAttribute.MissingForHyperv is not null, KvmFactAttribute.MissingForHyperv ?? "");
        _partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = 2, UseEventFds = eventFds });
        _platform = new KvmPuppetPlatform(_partition);
    }

    private protected override IGuestPartition Partition => _partition;

    private protected override IGuestPlatform Platform => _platform;

    public void Dispose()
    {
        _platform.Dispose();
        Assert.Equal((0, 0), (_partition.GuestMemory.AllocatedPages, _partition.GuestMemory.MappedRings));
        Assert.False(_partition.Ended.IsCompleted);
        _partition.Dispose();
        GC.SuppressFinalize(this);
    }

    public sealed class WithEventFds() : KvmGuestPartitionTests(eventFds: true);

    public sealed class ByExits() : KvmGuestPartitionTests(eventFds: false);
}
