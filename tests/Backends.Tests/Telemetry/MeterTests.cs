using System.Runtime.CompilerServices;
using VmBus.Hosting;

namespace VmBus.Backends.Tests.Telemetry;

public class MeterTests
{
    [Fact]
    public async Task Both_ends_of_a_channel_are_measured_as_their_statistics_count()
    {
        await using ObservedChannel observed = await ObservedChannel.OpenAsync();
        using var collected = new Collected();
        await observed.ExchangeAsync(packets: 40, length: 64);

        ChannelStatistics guest = observed.Channel.GetStatistics();
        Assert.Equal(40, guest.PacketsSent);
        string instance = observed.Instance;
        (string Name, string? Attribute, long Expected)[] series =
        [
            ("vmbus.channel.packets", "sent", guest.PacketsSent),
            ("vmbus.channel.packets", "received", guest.PacketsReceived),
            ("vmbus.channel.bytes", "sent", guest.BytesSent),
            ("vmbus.channel.bytes", "received", guest.BytesReceived),
            ("vmbus.channel.signals", "monitor", guest.MonitoredSignals),
            ("vmbus.channel.signals", "hypercall", guest.Hypercalls),
            ("vmbus.channel.signals.extra", "promoted", guest.Promotions),
            ("vmbus.channel.signals.extra", "room", guest.RoomSignals),
            ("vmbus.channel.signals.failed", null, guest.FailedSignals),
            ("vmbus.channel.publications", "signal_needed", guest.Outgoing.Required),
            ("vmbus.channel.publications", "reader_masked", guest.SkippedMasked),
            ("vmbus.channel.publications", "not_empty", guest.SkippedNotEmpty),
            ("vmbus.channel.wakeups", null, guest.Wakeups),
            ("vmbus.channel.sends.refused", null, guest.RefusedSends),
            ("vmbus.channel.ring.full", null, guest.TimesFull),
            ("vmbus.channel.mode_changes", null, guest.ModeChanges),
            ("vmbus.channel.ring.size", "sent", observed.Channel.Outgoing.DataSize),
            ("vmbus.channel.ring.size", "received", observed.Channel.Incoming.DataSize),
        ];
        Assert.All(series, s => Assert.Equal((s.Name, s.Attribute, s.Expected), (s.Name, s.Attribute, collected.Read(s.Name, "guest", instance, s.Attribute))));
        Assert.Equal(guest.BytesSent, collected.Read("vmbus.channel.bytes", "host", instance, "received"));
        // No instrument is forgotten here.
        Assert.Empty(collected.Read().Select(m => m.Name).Distinct()
            .Except(series.Select(s => s.Name))
            .Except(["vmbus.channel.ring.used", "vmbus.channel.faults", "vmbus.host.message_faults", "vmbus.host.device_failures", "vmbus.host.refusals"]));
    }

    [Fact]
    public async Task A_series_says_which_channel_it_is_of()
    {
        await using ObservedChannel observed = await ObservedChannel.OpenAsync();
        using var collected = new Collected();

        Dictionary<string, object?> tags = Assert.Single(collected.Read(), m => m.Name == "vmbus.channel.wakeups" && m.Tags["vmbus.end"] is "host" && m.Tags["vmbus.device.instance"] as string == observed.Instance).Tags;
        Assert.Equal("fcopy", tags["vmbus.device.class"]);
        Assert.Equal(0L, tags["vmbus.channel.subchannel"]);
        Assert.True((long)tags["vmbus.channel.relid"]! > 0);
        Assert.Equal(5, tags.Count);
    }

    [Fact]
    public async Task What_waits_in_a_ring_is_its_fill_at_both_ends()
    {
        await using ObservedChannel observed = await ObservedChannel.OpenAsync(new IdleDevice());
        using var collected = new Collected();
        Assert.Equal(0, collected.Read("vmbus.channel.ring.used", "guest", observed.Instance, "sent"));

        Assert.True(observed.Channel.TrySend(new byte[64]));

        Assert.Equal(64 + 16 + 8, collected.Read("vmbus.channel.ring.used", "guest", observed.Instance, "sent"));
        Assert.Equal(64 + 16 + 8, collected.Read("vmbus.channel.ring.used", "host", observed.Instance, "received"));
        Assert.Equal(0, collected.Read("vmbus.channel.ring.used", "guest", observed.Instance, "received"));
    }

    [Fact]
    public async Task The_series_of_a_channel_end_with_it()
    {
        ObservedChannel observed = await ObservedChannel.OpenAsync();
        using var collected = new Collected();
        Assert.NotNull(collected.Read("vmbus.channel.wakeups", "guest", observed.Instance));
        Assert.NotNull(collected.Read("vmbus.channel.wakeups", "host", observed.Instance));

        await observed.DisposeAsync();

        Assert.Null(collected.Read("vmbus.channel.wakeups", "guest", observed.Instance));
        Assert.Null(collected.Read("vmbus.channel.wakeups", "host", observed.Instance));
    }

    [Fact]
    public async Task A_ring_with_impossible_indices_has_no_fill_and_its_fault_is_counted()
    {
        await using ObservedChannel observed = await ObservedChannel.OpenAsync(new IdleDevice());
        using var collected = new Collected();
        long before = collected.Total("vmbus.channel.faults", "fcopy");

        MemoryOf(observed.Channel.Incoming).Control.PublishWriteIndex(uint.MaxValue);
        Assert.Null(collected.Read("vmbus.channel.ring.used", "guest", observed.Instance, "received"));
        Assert.Equal(0, collected.Read("vmbus.channel.ring.used", "guest", observed.Instance, "sent"));
        Assert.Throws<RingCorruptException>(() => observed.Channel.ReadBatch().TryNext(out _));

        Assert.True(collected.Total("vmbus.channel.faults", "fcopy") > before);
    }

    [Fact]
    public async Task A_device_that_throws_is_counted_by_what_the_bus_was_doing()
    {
        using var collected = new Collected();
        long before = collected.Total("vmbus.host.device_failures", nameof(DeviceOperation.Serve));
        await using ObservedChannel observed = await ObservedChannel.OpenAsync(new ThrowingDevice());
        await observed.Channel.Completion;

        Assert.True(collected.Total("vmbus.host.device_failures", nameof(DeviceOperation.Serve)) > before);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_memory")]
    private static extern ref RingMemory MemoryOf(IncomingRing ring);

    private sealed class IdleDevice : IChannelDevice
    {
        public Task ServeAsync(DeviceContext context, CancellationToken closing) => Task.Delay(Timeout.Infinite, closing);
    }

    internal sealed class ThrowingDevice : IChannelDevice
    {
        public Task ServeAsync(DeviceContext context, CancellationToken closing) => throw new InvalidOperationException("out of paper");
    }
}
