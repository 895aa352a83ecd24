using System.Runtime.InteropServices;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>The monitor page as DPDK writes it and as we do: which bit, which latency.</summary>
public sealed class MonitorPageTests : IDisposable
{
    private const int MonitorCount = 128;

    private readonly DpdkLibrary _library = Dpdk.Library;
    private readonly PeerRing _ring = new(4096);
    private readonly MappedMemory _ours = MappedMemory.MapAnonymous(MonitorPage.Size);
    private readonly MappedMemory _dpdks = MappedMemory.MapAnonymous(MonitorPage.Size);

    [Fact]
    public void DPDK_finds_in_the_channel_what_was_put_there()
    {
        using var channel = new DpdkChannel(_library, _ring.Dpdk, _ring.Dpdk, _dpdks.Address, 3, relid: 0x1122, subchannelId: 0x3344);
        Assert.Equal(0x3344, channel.SubChannelIndex);
        Assert.True(channel.IsReceiveEmpty);

        bool needSignal = false;
        Assert.Equal(0, channel.Send(6, "0123456789"u8, 42, 1, ref needSignal));
        Assert.True(needSignal);
        Assert.False(channel.IsReceiveEmpty);
        Assert.Equal(40u, _ring.Control.WriteIndex);

        byte[] buffer = new byte[16];
        Assert.Equal(0, channel.Receive(buffer, out int length, out ulong transactionId));
        Assert.Equal((16, 42ul), (length, transactionId));
        Assert.Equal("0123456789\0\0\0\0\0\0"u8, buffer);
        Assert.Equal(40u, _ring.Control.ReadIndex);
    }

    [Fact]
    public void The_bit_that_DPDK_sets_is_the_bit_that_we_set()
    {
        for (int monitorId = 0; monitorId < MonitorCount; monitorId++)
        {
            using var channel = new DpdkChannel(_library, _ring.Dpdk, _ring.Dpdk, _dpdks.Address, (byte)monitorId);
            channel.SignalSend();
            Signaller(monitorId).Signal(Urgency.Normal);
            Assert.Equal(1u << monitorId % 32, View(_ours).Pending(monitorId / 32) & 1u << monitorId % 32);
            Assert.True(_dpdks.AsSpan().SequenceEqual(_ours.AsSpan()), $"Monitor {monitorId}: another bit.");
        }
    }

    [Fact]
    public void The_latency_that_DPDK_writes_is_the_one_that_we_read_and_write()
    {
        var random = new Random(7);
        for (int monitorId = 0; monitorId < MonitorCount; monitorId++)
        {
            using var channel = new DpdkChannel(_library, _ring.Dpdk, _ring.Dpdk, _dpdks.Address, (byte)monitorId);
            foreach (int units in (int[])[1, 500, 65534, random.Next(1, 65535)])
            {
                // DPDK takes nanoseconds and drops what is less than a unit.
                channel.SetLatency((uint)units * 100 + (uint)random.Next(100));
                Assert.Equal(units, View(_dpdks).Latency(monitorId));
                Signaller(monitorId).SetLatencyHint(TimeSpan.FromTicks(units));
                Assert.True(_dpdks.AsSpan().SequenceEqual(_ours.AsSpan()), $"Monitor {monitorId}, {units} units: another word.");
            }
        }
    }

    /// <summary>
    /// The last word of the range and zero. DPDK refuses <c>latency &gt;= UINT16_MAX * 100</c> (vmbus_channel.c,
    /// rte_vmbus_set_latency), one unit short of what the field holds, and lets 0 pass. We take 6.5535 ms, and refuse 0:
    /// it asks for no latency at all, which a hypervisor is free to read as "no hint".
    /// </summary>
    [Fact]
    public void Of_the_ends_of_the_range_DPDK_takes_the_lower_and_we_the_upper()
    {
        using var channel = new DpdkChannel(_library, _ring.Dpdk, _ring.Dpdk, _dpdks.Address, 5);
        channel.SetLatency(70_000);
        channel.SetLatency(65535 * 100);
        Assert.Equal(700, View(_dpdks).Latency(5));
        channel.SetLatency(65535 * 100 - 1);
        Assert.Equal(65534, View(_dpdks).Latency(5));
        channel.SetLatency(0);
        Assert.Equal(0, View(_dpdks).Latency(5));

        ChannelSignaler ours = Signaller(5);
        ours.SetLatencyHint(TimeSpan.FromTicks(65535));
        Assert.Equal(65535, View(_ours).Latency(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => ours.SetLatencyHint(TimeSpan.Zero));
    }

    /// <summary>
    /// DPDK 22.11 sets the monitor bit and nothing else, also for a channel without a dedicated interrupt. We set the
    /// relid's bit in the interrupt page first there, as Linux's vmbus_setevent does: hosts before Windows 8 look for it.
    /// </summary>
    [Fact]
    public void The_interrupt_page_is_ours_alone_and_only_without_a_dedicated_interrupt()
    {
        using MappedMemory interruptPage = MappedMemory.MapAnonymous(InterruptPage.Size);
        using var channel = new DpdkChannel(_library, _ring.Dpdk, _ring.Dpdk, _dpdks.Address, 9, relid: 70);
        channel.SignalSend();
        foreach (bool dedicated in (bool[])[true, false])
        {
            _ours.AsSpan().Clear();
            Signaller(9, interruptPage, dedicated).Signal(Urgency.Normal);
            Assert.True(_dpdks.AsSpan().SequenceEqual(_ours.AsSpan()));
            Assert.Equal(dedicated ? 0ul : 1ul << 70 % 64, new InterruptPageView(interruptPage.Address).Send[1]);
        }

        Assert.Equal(1, MemoryMarshal.Cast<byte, ulong>(interruptPage.AsSpan()).ToArray().Count(word => word != 0));
    }

    public void Dispose()
    {
        _ring.Dispose();
        _ours.Dispose();
        _dpdks.Dispose();
    }

    private static MonitorPageView View(MappedMemory page) => new(page.Address);

    private ChannelSignaler Signaller(int monitorId, MappedMemory? interruptPage = null, bool dedicated = true)
        => new(new SignalBinding
        {
            ChildRelid = 70,
            Path = new UserSpace(),
            MonitorPage = View(_ours),
            MonitorId = monitorId,
            InterruptPage = interruptPage is null ? null : new InterruptPageView(interruptPage.Address),
            HasDedicatedInterrupt = dedicated,
        });
}
