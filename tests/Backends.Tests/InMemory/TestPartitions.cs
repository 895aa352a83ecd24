// A root and a guest whose clock only moves by hand, and whose SynICs start as after a reset.

using Microsoft.Extensions.Time.Testing;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.InMemory;

internal sealed class TestPartitions : IDisposable
{
    public const int Sint = SynicMsr.VmBusSint;
    public const byte Vector = 0x40;

    public TestPartitions(PartitionPrivileges guestPrivileges = PartitionPrivileges.All, MonitorOptions? monitor = null)
    {
        Hypervisor = new Hypervisor(new HypervisorOptions
        {
            Clock = Clock,
            MonitorScan = MonitorScan.Stepped,
            SharedMemory = false,
            Monitor = monitor ?? new MonitorOptions(),
        });
        Root = Hypervisor.CreatePartition(64 * GuestMemory.PageSize, vpCount: 2);
        Guest = Hypervisor.CreatePartition(64 * GuestMemory.PageSize, vpCount: 1, guestPrivileges);
    }

    public FakeTimeProvider Clock { get; } = new();

    public Hypervisor Hypervisor { get; }

    public Partition Root { get; }

    public Partition Guest { get; }

    public Synic RootSynic => Root.VirtualProcessors[0].Synic;

    public static void Enable(Synic synic, Partition partition) =>
        synic.Enable(partition.Memory.AllocatePages(1), partition.Memory.AllocatePages(1), Sint, Vector);

    public TestPartitions Enabled()
    {
        Enable(RootSynic, Root);
        return this;
    }

    public void Dispose() => Hypervisor.Dispose();
}
