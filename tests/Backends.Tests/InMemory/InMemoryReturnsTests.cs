using System.Runtime.CompilerServices;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.InMemory;

/// <summary>What was made for something that is refused, or is over, is taken back: ports, connections, routes, mappings.</summary>
public sealed class InMemoryReturnsTests : IDisposable
{
    private readonly Hypervisor _hypervisor = new(new HypervisorOptions { SharedMemory = false });
    private readonly Partition _host;
    private readonly Partition _guest;
    private readonly InMemoryGuestPlatform _platform;
    private readonly InMemoryGuestPartition _partition;

    public InMemoryReturnsTests()
    {
        _host = _hypervisor.CreatePartition(1 << 16);
        _guest = _hypervisor.CreatePartition(1 << 20, vpCount: 2);
        _platform = new InMemoryGuestPlatform(_guest);
        _partition = new InMemoryGuestPartition(_host, _guest);
    }

    public void Dispose()
    {
        _platform.Dispose();
        Assert.Equal((0, 0), (_guest.Memory.AllocatedPages, _guest.Memory.MappedRings));
        _hypervisor.Dispose();
    }

    [Fact]
    public void A_connection_that_is_refused_or_given_back_keeps_nothing_of_what_it_called()
    {
        using IDisposable taken = _partition.ConnectEvents(7, static () => { });
        WeakReference refused = Refuse(), returned = Return();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(refused.IsAlive, "The port of a connection that was refused is still there.");
        Assert.False(returned.IsAlive, "The port of a connection that was given back is still there.");
        Assert.Equal(HypercallStatus.Success, _guest.HvSignalEvent(7));

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference Refuse()
        {
            var called = new Called();
            Assert.Throws<InvalidOperationException>(() => _partition.ConnectEvents(7, called.Call));
            return new WeakReference(called);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference Return()
        {
            var called = new Called();
            _partition.ConnectEvents(8, called.Call).Dispose();
            return new WeakReference(called);
        }
    }

    [Fact]
    public void A_flag_that_is_gone_is_signalled_by_no_monitor()
    {
        IEventFlag flag = _partition.TryCreateEventFlag(new MessageTarget(0), 77)!;
        uint connection = flag.ConnectMonitor()!.Value;
        Assert.Equal(HypercallStatus.Success, _host.HvSignalEvent(connection));
        flag.Retarget(1);
        Assert.Equal(HypercallStatus.Success, _host.HvSignalEvent(connection));
        Assert.Equal((1, 1), (_platform.Dispatchers[0].Unclaimed, _platform.Dispatchers[1].Unclaimed));
        flag.Dispose();
        Assert.Equal(HypercallStatus.InvalidConnectionId, _host.HvSignalEvent(connection));
    }

    [Fact]
    public void Events_are_routed_on_every_VP_or_on_none()
    {
        using ISignalGate gate = _platform.CreateGate();
        _platform.Dispatchers[1].Register(77, gate);
        Assert.Throws<InvalidOperationException>(() => _platform.RouteEvents(77, gate));
        _platform.Dispatchers[1].Unregister(77);
        _platform.RouteEvents(77, gate).Dispose();
        using IDisposable again = _platform.RouteEvents(77, gate);
        Assert.Throws<InvalidOperationException>(() => _platform.RouteEvents(77, gate));
    }

    // Memory that is not shared maps no scattered pages.
    [Theory]
    [InlineData(0, 1, 3, 2)]
    [InlineData(1, 0, 2, 3)]
    public void Rings_of_which_one_cannot_be_mapped_are_no_rings(int first, int second, int third, int fourth)
    {
        ulong gpa = _guest.Memory.AllocatePages(4), frame = gpa / 4096;
        Assert.Null(_platform.TryAdoptRings([frame + (uint)first, frame + (uint)second, frame + (uint)third, frame + (uint)fourth], 2));
        Assert.Equal((0, 8), (_guest.Memory.MappedRings, _guest.Memory.AllocatedPages));
        _guest.Memory.FreePages(gpa, 4);
    }

    private sealed class Called
    {
        private int _calls;

        public void Call() => _calls++;
    }
}
