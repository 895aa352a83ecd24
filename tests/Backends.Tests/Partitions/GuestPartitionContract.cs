using System.Runtime.InteropServices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Partitions;

/// <summary>What every host's view of a guest must do, whatever runs the guest.</summary>
public abstract class GuestPartitionContract
{
    private const uint Connection = 0x2005;

    private protected abstract IGuestPartition Partition { get; }

    private protected abstract IGuestPlatform Platform { get; }

    [Fact]
    public void A_message_the_guest_posts_is_handed_over_and_the_guest_gets_the_status()
    {
        var received = new List<byte[]>();
        HypercallStatus answer = HypercallStatus.Success;
        using (Partition.ConnectMessages(Connection, payload =>
        {
            received.Add(payload.ToArray());
            return answer;
        }))
        {
            Assert.Equal(HypercallStatus.Success, Platform.PostMessage(Connection, [1, 2, 3]));
            answer = HypercallStatus.InsufficientBuffers;
            Assert.Equal(HypercallStatus.InsufficientBuffers, Platform.PostMessage(Connection, new byte[240]));
            Assert.Throws<InvalidOperationException>(() => Partition.ConnectMessages(Connection, _ => HypercallStatus.Success));
        }

        Assert.Equal(HypercallStatus.InvalidConnectionId, Platform.PostMessage(Connection, [1]));
        Assert.Equal([[1, 2, 3], new byte[240]], received);
    }

    [Fact]
    public void A_signal_of_the_guest_sets_the_gate_until_the_connection_goes()
    {
        using ISignalGate gate = Partition.CreateGate();
        var path = Platform.CreateSignalPath(Connection, isMonitored: false);
        using (Partition.ConnectEvents(Connection, gate))
        {
            Assert.Equal(HypercallStatus.Success, path.Signal());
            Assert.True(gate.Wait(Patience.Limit, TestContext.Current.CancellationToken));
            Assert.False(gate.Wait(TimeSpan.Zero, TestContext.Current.CancellationToken));
        }

        Assert.Equal(HypercallStatus.InvalidConnectionId, path.Signal());
    }

    [Fact]
    public void A_signal_of_the_guest_calls_whoever_asked()
    {
        int calls = 0;
        using (Partition.ConnectEvents(Connection, () => Interlocked.Increment(ref calls)))
        {
            Platform.CreateSignalPath(Connection, isMonitored: false).Signal();
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref calls) == 1, Patience.Limit));
        }
    }

    [Fact]
    public void Messages_to_the_guest_arrive_in_order_and_a_full_slot_is_told_when_it_is_free()
    {
        using var entered = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var received = new List<byte>();
        int freed = 0;
        using IDisposable watch = Partition.WatchMessageSlots(() => Interlocked.Increment(ref freed));
        using IDisposable receiving = Platform.ReceiveMessages(payload =>
        {
            lock (received)
                received.Add(payload[0]);
            if (payload[0] == 1)
            {
                entered.Set();
                go.Wait(Patience.Limit);
            }
        });

        var first = new Thread(() => Post(1));
        first.Start();
        Assert.True(entered.Wait(Patience.Limit, TestContext.Current.CancellationToken));

        // The slot was freed before the handler ran; the next message fills it, and the one after that finds it full.
        Assert.Equal(HypercallStatus.Success, Post(2));
        Assert.Equal(HypercallStatus.ObjectInUse, Post(3));
        int before = Volatile.Read(ref freed);
        go.Set();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref freed) > before, Patience.Limit));
        Assert.True(SpinWait.SpinUntil(() => Post(3) == HypercallStatus.Success, Patience.Limit));
        first.Join();
        Assert.True(SpinWait.SpinUntil(() => Count() == 3, Patience.Limit));
        Assert.Equal([1, 2, 3], received);

        int Count()
        {
            lock (received)
                return received.Count;
        }

        HypercallStatus Post(byte content) => Partition.PostMessage(new MessageTarget(0), [content]);
    }

    [Fact]
    public void A_message_to_a_VP_that_is_not_there_is_refused()
    {
        Assert.Equal(HypercallStatus.InvalidVpIndex, Partition.PostMessage(new MessageTarget((uint)Partition.VpCount), [1]));
        Assert.Equal(HypercallStatus.InvalidVpIndex, Partition.PostMessage(new MessageTarget(uint.MaxValue), [1]));
        Assert.Null(Partition.TryCreateEventFlag(new MessageTarget((uint)Partition.VpCount), 5));
    }

    [Fact]
    public void An_event_flag_sets_the_guests_gate_on_whichever_VP_it_is_aimed_at()
    {
        using ISignalGate gate = Platform.CreateGate();
        using IDisposable route = Platform.RouteEvents(77, gate);
        using IEventFlag flag = Partition.TryCreateEventFlag(new MessageTarget(0), 77)!;
        for (uint vp = 0; vp < Partition.VpCount; vp++)
        {
            flag.Retarget(vp);
            Assert.Equal(HypercallStatus.Success, flag.Signal());
            Assert.True(gate.Wait(Patience.Limit, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void A_bit_in_the_childs_monitor_page_becomes_a_signal_of_its_connection()
    {
        using IGuestPages pages = Platform.AllocatePages(1);
        using ISignalGate gate = Partition.CreateGate();
        using IDisposable connection = Partition.ConnectEvents(Connection, gate);
        using IMonitorPage monitor = Partition.TryOpenMonitorPage(AddressOf(pages), MonitorDirection.ChildToParent)!;
        monitor.Register(33, Connection, 0, 1000);
        var view = new MonitorPageView(pages.Address);
        Assert.Equal((Connection, (ushort)1000), (view.Parameter(33).ConnectionId, view.Latency(33)));

        Interlocked.Or(ref view.Pending(1), 1u << 1);
        Assert.True(gate.Wait(Patience.Limit, TestContext.Current.CancellationToken));
        monitor.Unregister(33);
    }

    [Fact]
    public void A_bit_in_the_parents_monitor_page_becomes_an_event_flag_of_the_guest()
    {
        using IGuestPages pages = Platform.AllocatePages(1);
        using ISignalGate gate = Platform.CreateGate();
        using IDisposable route = Platform.RouteEvents(9, gate);
        using IEventFlag flag = Partition.TryCreateEventFlag(new MessageTarget(0), 9)!;
        if (Partition.TryOpenMonitorPage(AddressOf(pages), MonitorDirection.ParentToChild) is not { } monitor)
        {
            Assert.Null(flag.ConnectMonitor());
            return;
        }

        using (monitor)
        {
            monitor.Register(5, flag.ConnectMonitor()!.Value, 0, 1000);
            Interlocked.Or(ref monitor.View.Pending(0), 1u << 5);
            Assert.True(gate.Wait(Patience.Limit, TestContext.Current.CancellationToken));
            flag.Retarget((uint)Partition.VpCount - 1);
            Interlocked.Or(ref monitor.View.Pending(0), 1u << 5);
            Assert.True(gate.Wait(Patience.Limit, TestContext.Current.CancellationToken));
            monitor.Unregister(5);
        }
    }

    [Fact]
    public void No_monitor_page_and_no_ring_is_made_of_memory_that_is_not_there()
    {
        Assert.Null(Partition.TryOpenMonitorPage(0, MonitorDirection.ChildToParent));
        Assert.Null(Partition.TryOpenMonitorPage(4097, MonitorDirection.ChildToParent));
        Assert.Null(Partition.TryOpenMonitorPage(1UL << 50, MonitorDirection.ChildToParent));
        Assert.Null(Partition.Memory.TryMapPage(1UL << 50));
        Assert.Null(Partition.Memory.TryMapRing([1]));
        Assert.Null(Partition.Memory.TryMapRing([1, 2, 1UL << 40]));
        Assert.Null(Partition.Memory.TryMapRing([1, 2, ulong.MaxValue]));
        Assert.False(Partition.Memory.TryRead(ulong.MaxValue - 3, new byte[16]));
        Assert.False(Partition.Memory.TryWrite(1UL << 50, new byte[16]));
    }

    [Fact]
    public void A_ring_mapped_by_the_host_is_the_ring_the_guest_allocated()
    {
        using IGuestRings rings = Platform.AllocateRings(3 * 4096, 2 * 4096);
        Assert.Equal(4, rings.DownstreamPageOffset);
        Assert.Equal(7, rings.PageFrames.Length);
        using IMappedRing seen = Partition.Memory.TryMapRing(rings.PageFrames.Span[..rings.DownstreamPageOffset])!;
        Assert.Equal(3 * 4096, seen.Memory.DataSize);

        var outgoing = new OutgoingRing(rings.Outgoing);
        var incoming = new IncomingRing(seen.Memory);
        byte[] payload = new byte[1000];
        for (int round = 0; round < 100; round++)
        {
            payload.AsSpan().Fill((byte)round);
            Assert.True(outgoing.TryWrite(payload, (ulong)round, PacketFlags.None, out _));
            using IncomingBatch batch = incoming.ReadBatch();
            Assert.True(batch.TryNext(out RingPacket packet));
            Assert.Equal((ulong)round, packet.TransactionId);
            Assert.True(packet.Payload.SequenceEqual(payload));
            batch.Commit();
        }
    }

    [Fact]
    public void Memory_reads_and_writes_are_the_guests_own_pages()
    {
        using IGuestPages pages = Platform.AllocatePages(1);
        ulong gpa = AddressOf(pages);
        Assert.True(Partition.Memory.TryWrite(gpa + 8, [1, 2, 3, 4]));
        Assert.Equal(0x04030201, Marshal.ReadInt32(pages.Address + 8));
        byte[] read = new byte[4];
        Assert.True(Partition.Memory.TryRead(gpa + 8, read));
        Assert.Equal([1, 2, 3, 4], read);
    }

    [Fact]
    public void Pages_and_rings_that_were_left_are_adopted_with_what_they_hold_and_others_are_not()
    {
        IGuestPages pages = Platform.AllocatePages(2);
        IGuestRings rings = Platform.AllocateRings(2 * 4096, 4096);
        ulong[] pageFrames = pages.PageFrames.ToArray(), ringFrames = rings.PageFrames.ToArray();
        Marshal.WriteInt32(pages.Address + 4096, 42);
        var before = new OutgoingRing(rings.Outgoing);
        Assert.True(before.TryWrite([1, 2, 3, 4, 5, 6, 7, 8], 9, PacketFlags.None, out _));
        int offset = rings.DownstreamPageOffset;
        pages.Leave();
        pages.Dispose();
        rings.Leave();
        rings.Dispose();

        Assert.Null(Platform.TryAdoptPages([]));
        Assert.Null(Platform.TryAdoptPages([pageFrames[0], pageFrames[0]]));
        Assert.Null(Platform.TryAdoptPages([pageFrames[0], ulong.MaxValue]));
        Assert.Null(Platform.TryAdoptRings(ringFrames, 1));
        Assert.Null(Platform.TryAdoptRings(ringFrames, ringFrames.Length - 1));
        Assert.Null(Platform.TryAdoptRings([.. ringFrames[..^1], ringFrames[0]], offset));
        Assert.Null(Platform.TryAdoptRings([.. ringFrames[..^1], ulong.MaxValue], offset));
        using (IGuestPages adopted = Platform.TryAdoptPages(pageFrames)!)
            Assert.Equal(42, Marshal.ReadInt32(adopted.Address + 4096));
        using (IGuestRings adopted = Platform.TryAdoptRings(ringFrames, offset)!)
        {
            Assert.Equal((8192, 4096), (adopted.Outgoing.DataSize, adopted.Incoming.DataSize));
            Assert.True(new IncomingRing(adopted.Outgoing).TryRead(new byte[8], out _, out ulong id, out _));
            Assert.Equal(9ul, id);
        }

        // They were given back with that.
        Assert.Null(Platform.TryAdoptPages(pageFrames));
        Assert.Null(Platform.TryAdoptRings(ringFrames, offset));
    }

    private static ulong AddressOf(IGuestPages pages) => pages.PageFrames.Span[0] * GpadlRange.PageSize;
}
