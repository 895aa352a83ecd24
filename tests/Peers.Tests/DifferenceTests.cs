using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>
/// Where DPDK 22.11 and we rightly do different things, each with its reason, so that neither changes unseen. The names
/// of its functions are those of drivers/bus/vmbus.
/// </summary>
public class DifferenceTests
{
    private const int Size = 4096;

    /// <summary>
    /// A reader masks between the publication and the signal. DPDK's rte_vmbus_chan_signal_tx reads the mask again and
    /// keeps still; we decided at the publication. Either is safe: who masks looks again before it unmasks and sleeps.
    /// </summary>
    [Fact]
    public void DPDK_looks_at_the_mask_again_when_it_signals_and_we_do_not()
    {
        using World dpdk = MakeWorld(ourWriter: false);
        using var theirs = new DpdkChannel(Dpdk.Library, dpdk.Ring.Dpdk, dpdk.Ring.Dpdk, dpdk.ToReader.Address, Doorbell.MonitorId);
        bool needSignal = false;
        Assert.Equal(0, theirs.Send(6, [], 0, 0, ref needSignal));
        Assert.True(needSignal);
        dpdk.Mask(1);
        theirs.SignalSend();
        Assert.False(dpdk.ToReader.IsRung);

        using var ring = new PeerRing(Size);
        using var doorbell = new Doorbell();
        var ours = new OutgoingRing(ring.Memory);
        Assert.True(ours.TryWrite([], 0, PacketFlags.None, out SignalNeed need));
        ring.Control.InterruptMask = 1;
        UserSpace.Signaller(doorbell).AfterWrite(need, default, ours, new IncomingRing(ring.Memory));
        Assert.True(doorbell.IsRung);
    }

    /// <summary>
    /// A burst is published packet by packet by vmbus_txbr_write, and decided upon as often; ours is published whole. The
    /// reader of DPDK's ring finds the first packet before the second is sent, and unmasks in between: it was masked at
    /// the only packet that ended emptiness, so there is no signal. For ours the burst itself ends emptiness.
    /// </summary>
    [Fact]
    public void A_burst_is_published_packet_by_packet_there_and_whole_here()
    {
        using var ring = new PeerRing(Size);
        using var doorbell = new Doorbell();
        using var theirs = new DpdkChannel(Dpdk.Library, ring.Dpdk, ring.Dpdk, doorbell.Address, Doorbell.MonitorId);
        bool needSignal = false;
        ring.Control.InterruptMask = 1;
        Assert.Equal(0, theirs.Send(6, [], 0, 0, ref needSignal));
        Assert.Equal(24u, ring.Control.WriteIndex);
        ring.Control.InterruptMask = 0;
        Assert.Equal(0, theirs.Send(6, [], 0, 0, ref needSignal));
        Assert.False(needSignal);

        using var ourRing = new PeerRing(Size);
        ourRing.Control.InterruptMask = 1;
        using OutgoingBatch batch = new OutgoingRing(ourRing.Memory).BeginBatch();
        Assert.True(batch.TryAdd([]));
        Assert.Equal(0u, ourRing.Control.WriteIndex);
        ourRing.Control.InterruptMask = 0;
        Assert.True(batch.TryAdd([]));
        Assert.Equal(SignalNeed.Required, batch.Commit());
    }

    /// <summary>
    /// The other half of the same difference, where DPDK loses a wakeup. rte_vmbus_chan_recv_raw publishes each packet's
    /// room at once; the caller adds the bytes up and rte_vmbus_chan_signal_read takes them off the room there is now, as
    /// <c>uint32_t</c>. A writer that used some of that room meanwhile, filled the ring and sleeps, leaves less room than
    /// the sum: the difference wraps, looks like "there was room before", and nobody wakes the writer. Our batch gives
    /// all its room back in one publication just before it decides, so the room is never less than what was freed.
    /// </summary>
    [Fact]
    public void DPDK_forgets_a_writer_that_refilled_the_ring_during_a_burst_and_we_do_not()
    {
        foreach (bool oneSignalForTheBurst in (bool[])[true, false])
        {
            using var ring = new PeerRing(Size);
            using var doorbell = new Doorbell();
            using var theirs = new DpdkChannel(Dpdk.Library, ring.Dpdk, ring.Dpdk, doorbell.Address, Doorbell.MonitorId);
            var writer = new OutgoingRing(ring.Memory);
            byte[] buffer = new byte[Size];
            uint freed = 0;

            // 15 packets of 256 bytes fill the ring; the reader takes 10, the writer sends 10 more and sleeps.
            int first = Fill(writer);
            for (int taken = 0; taken < 10; taken++)
                Take();
            Assert.Equal(10, Fill(writer));
            Assert.False(writer.RequestRoom(3000));
            for (int taken = 10; taken < first + 10; taken++)
                Take();

            if (oneSignalForTheBurst)
                theirs.SignalRead(freed);
            Assert.Equal((uint)Size, ring.Room);
            Assert.Equal(!oneSignalForTheBurst, doorbell.IsRung);

            void Take()
            {
                int result = theirs.ReceiveRaw(buffer, out _);
                Assert.Equal(256, result);
                freed += (uint)result;
                if (!oneSignalForTheBurst)
                    theirs.SignalRead((uint)result);
            }
        }

        using World ours = MakeWorld(ourWriter: true, ourReader: true);
        var ourWriter = new OutgoingRing(ours.Ring.Memory);
        int packets = Fill(ourWriter);
        Assert.Equal(10, ours.ReceiveBurst(10));
        Assert.Equal(10, Fill(ourWriter));
        Assert.False(ourWriter.RequestRoom(3000));
        Assert.Equal(packets, ours.ReceiveBurst(100));
        Assert.True(ours.ToWriter.IsRung);
    }

    /// <summary>
    /// We round pending_send_sz down to a multiple of 8, as OpenVMM does, since some hosts write size - 1; DPDK compares
    /// it as it stands. Room is always a multiple of 8, so no writer can tell: every value, every packet.
    /// </summary>
    [Fact]
    public void Rounding_the_wish_for_room_changes_no_signal()
    {
        for (uint pending = Size - 300; pending < Size + 16; pending++)
        {
            using World dpdk = MakeWorld(ourWriter: false, ourReader: false);
            using World ours = MakeWorld(ourWriter: false, ourReader: true);
            foreach (World world in (World[])[dpdk, ours])
            {
                for (int sent = 0; world.Send(6, [], 0, false); sent++)
                    Assert.True(sent < Size / 24, "The ring is never full.");
                world.Ring.Control.PendingSendSize = pending;
            }

            int signals = 0;
            while (dpdk.Receive(Size - 32) >= 0)
            {
                ours.Receive(Size - 32);
                Assert.Equal(dpdk.ToWriter.IsRung, ours.ToWriter.TryAnswer());
                signals += dpdk.ToWriter.TryAnswer() ? 1 : 0;
            }

            Assert.Equal(pending < Size ? 1 : 0, signals);
        }
    }

    /// <summary>
    /// For a packet that no ring of this size could hold, rte_vmbus_chan_send returns -EAGAIN for ever; waiting for room
    /// would then never end, so we throw.
    /// </summary>
    [Fact]
    public void A_packet_too_large_for_the_ring_is_an_error_here_and_a_full_ring_there()
    {
        using World dpdk = MakeWorld(ourWriter: false);
        using World ours = MakeWorld(ourWriter: true);
        byte[] largest = new byte[Size - 32];
        Assert.Throws<ArgumentException>(() => ours.Send(6, new byte[Size - 31], 0, false));
        Assert.False(dpdk.Send(6, new byte[Size - 31], 0, false));
        Assert.True(ours.Send(6, largest, 0, false));
        Assert.True(dpdk.Send(6, largest, 0, false));
    }

    /// <summary>
    /// What no correct writer writes. rte_vmbus_chan_recv checks the two lengths against each other and waits for the
    /// rest of a packet longer than what is published; it hands out any type and any flags. We check all of it, and fault
    /// the ring: a writer publishes whole packets, so the rest will never come.
    /// </summary>
    [Theory]
    [InlineData("header below 16 bytes", 6, 1, 4, 0, DpdkLibrary.InputOutputError, RingFault.DataOffsetOutOfRange)]
    [InlineData("header beyond the packet", 6, 5, 4, 0, DpdkLibrary.InputOutputError, RingFault.DataOffsetOutOfRange)]
    [InlineData("packet longer than published", 6, 2, 5, 0, DpdkLibrary.TryAgain, RingFault.PacketTooLong)]
    [InlineData("unknown type", 0x55, 2, 4, 0, 0, RingFault.UnknownPacketType)]
    [InlineData("unknown flag", 6, 2, 4, 2, 0, RingFault.UnknownPacketFlags)]
    internal void We_refuse_more_than_DPDK_does(string what, ushort type, ushort headerLength, ushort length, ushort flags, int dpdkAnswers, RingFault weSay)
    {
        using var ring = new PeerRing(Size);
        using var doorbell = new Doorbell();
        using var theirs = new DpdkChannel(Dpdk.Library, ring.Dpdk, ring.Dpdk, doorbell.Address, Doorbell.MonitorId);
        BinaryPrimitives.WriteUInt64LittleEndian(ring.Data, (uint)type | (ulong)headerLength << 16 | (ulong)length << 32 | (ulong)flags << 48);
        ring.Control.WriteIndex = 40;

        var ours = new IncomingRing(ring.Memory);
        RingCorruptException fault = Assert.Throws<RingCorruptException>(() => ours.TryRead(new byte[64], out _, out _, out _));
        Assert.True(fault.Fault == weSay, $"{what}: {fault.Fault}, not {weSay}.");
        Assert.Equal(dpdkAnswers, theirs.Receive(new byte[64], out _, out _));
    }

    private static World MakeWorld(bool ourWriter, bool ourReader = true) => new(Dpdk.Library, ourWriter, ourReader, new PeerRing(Size));

    private static int Fill(OutgoingRing writer)
    {
        int written = 0;
        while (writer.TryWrite(new byte[232], 0, PacketFlags.None, out _))
            Assert.True(++written < Size / 256, "The ring is never full.");
        return written;
    }
}
