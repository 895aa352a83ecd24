using VmBus.Backends.Tests.Partitions;
using VmBus.Guests;
using VmBus.Hosting;

namespace VmBus.Whp.Tests;

/// <summary>The contract over the stand-in, every way a partition can be set up; nothing may be left at the end.</summary>
public abstract class WhpGuestPartitionTests : GuestPartitionContract, IDisposable
{
    private readonly WhpPartition _partition;
    private readonly StandinGuest _guest;
    private readonly nint _vm;

    protected WhpGuestPartitionTests(WhpPartitionOptions options, bool isOldBuild = false)
    {
        Standin.Say(4, isOldBuild ? 1u : 0);
        _partition = new WhpPartition(options with { MemorySize = 1 << 20, VpCount = 2 });
        _vm = _partition.Vm.DangerousGetHandle();
        _guest = new StandinGuest(_partition);
        _partition.Start();
    }

    private protected override IGuestPartition Partition => _partition;

    private protected override IGuestPlatform Platform => _guest;

    public void Dispose()
    {
        Assert.False(_partition.Ended.IsCompleted);
        _guest.Dispose();
        Assert.Equal((0, 0), (_partition.GuestMemory.AllocatedPages, _partition.GuestMemory.MappedRings));
        _partition.Dispose();
        Assert.Equal(0u, Standin.Left(_vm));
        Standin.Say(4, 0);
        GC.SuppressFinalize(this);
    }

    public sealed class Offloaded() : WhpGuestPartitionTests(new());

    public sealed class Called() : WhpGuestPartitionTests(new() { UsePorts = false, UseTriggers = false });

    public sealed class OldBuild() : WhpGuestPartitionTests(new(), isOldBuild: true);
}
