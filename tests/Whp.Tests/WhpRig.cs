using VmBus.Interop;

namespace VmBus.Whp.Tests;

/// <summary>A partition over the stand-in with its guest, for one test; nothing may be left at the end.</summary>
internal sealed class WhpRig : IDisposable
{
    public WhpRig(WhpPartitionOptions? options = null)
    {
        Partition = new WhpPartition((options ?? new()) with { MemorySize = 4 << 20, VpCount = 2 });
        Vm = Partition.Vm.DangerousGetHandle();
        Guest = new StandinGuest(Partition);
        Partition.Start();
    }

    public WhpPartition Partition { get; }

    public StandinGuest Guest { get; }

    public nint Vm { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public IEnumerable<StandinCall> Calls(string name) => Standin.Calls(Vm).Where(call => call.Name == name);

    public ulong Register(int vp, WhpRegister register) => Standin.Register(Vm, (uint)vp, register);

    public void Dispose()
    {
        Guest.Dispose();
        Assert.Equal((0, 0), (Partition.GuestMemory.AllocatedPages, Partition.GuestMemory.MappedRings));
        Partition.Dispose();
        Assert.Equal(0u, Standin.Left(Vm));
    }
}
