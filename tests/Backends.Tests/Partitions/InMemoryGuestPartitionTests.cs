using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.Partitions;

/// <summary>The contract over the in-memory hypervisor, every way it can be set up; nothing may be left at the end.</summary>
public abstract class InMemoryGuestPartitionTests : GuestPartitionContract, IDisposable
{
    private readonly Hypervisor _hypervisor;
    private readonly Partition _guest;
    private readonly InMemoryGuestPlatform _platform;

    private protected InMemoryGuestPartitionTests(bool shared, bool scattered, DispatchMode mode)
    {
        _hypervisor = new Hypervisor(new HypervisorOptions { SharedMemory = shared });
        Partition host = _hypervisor.CreatePartition(1 << 20);
        _guest = _hypervisor.CreatePartition(1 << 20, vpCount: 2);
        Partition = new InMemoryGuestPartition(host, _guest);
        _platform = new InMemoryGuestPlatform(_guest, mode, scattered);
    }

    private protected override IGuestPartition Partition { get; }

    private protected override IGuestPlatform Platform => _platform;

    public void Dispose()
    {
        _platform.Dispose();
        Assert.Equal((0, 0), (_guest.Memory.AllocatedPages, _guest.Memory.MappedRings));
        _hypervisor.Dispose();
        GC.SuppressFinalize(this);
    }

    public sealed class Managed() : InMemoryGuestPartitionTests(shared: false, scattered: false, DispatchMode.Inline);

    public sealed class Shared() : InMemoryGuestPartitionTests(shared: true, scattered: false, DispatchMode.Threaded);

    public sealed class Scattered() : InMemoryGuestPartitionTests(shared: true, scattered: true, DispatchMode.Inline);
}
