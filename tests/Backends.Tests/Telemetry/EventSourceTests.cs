using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace VmBus.Backends.Tests.Telemetry;

public class EventSourceTests
{
    [Fact]
    public async Task A_listener_follows_the_life_of_a_channel_from_both_ends()
    {
        using var events = new Events();
        ObservedChannel observed = await ObservedChannel.OpenAsync();
        observed.Channel.SignalMode = SignalMode.LowLatency;
        await observed.ExchangeAsync(packets: 3, length: 8);
        await observed.DisposeAsync();

        string instance = observed.Instance;
        EventWrittenEventArgs opened = events.Of("ChannelOpened", "guest", instance);
        Assert.Equal(["end", "deviceClass", "instance", "relid", "subchannel", "mode"], opened.PayloadNames!);
        Assert.Equal("fcopy", opened.Payload![1]);
        Assert.Equal(0, opened.Payload[4]);
        events.Of("ChannelOpened", "host", instance);
        Assert.Equal("LowLatency", events.Of("SignalModeSet", "guest", instance).Payload![5]);
        EventWrittenEventArgs closed = events.Of("ChannelClosed", "guest", instance);
        Assert.Equal((3L, 3L), (closed.Payload![5], closed.Payload[6]));
        events.Of("ChannelClosed", "host", instance);
        Assert.Contains(events.All, e => e.EventName == "Connected" && e.Payload![0] is "guest" && e.Payload[1] is "6.0");
        Assert.Contains(events.All, e => e.EventName == "Connected" && e.Payload![0] is "host" && e.Payload[1] is "6.0");
        Assert.Contains(events.All, e => e.EventName == "Disconnected" && e.Payload![0] is "host");
    }

    [Fact]
    public async Task A_device_that_throws_is_told_with_its_exception()
    {
        using var events = new Events();
        await using ObservedChannel observed = await ObservedChannel.OpenAsync(new MeterTests.ThrowingDevice());
        await observed.Channel.Completion;

        EventWrittenEventArgs failed = Assert.Single(events.All, e => e.EventName == "DeviceFailed" && e.Payload![1] is string device && device.EndsWith(observed.Instance, StringComparison.Ordinal));
        Assert.Equal(EventLevel.Error, failed.Level);
        Assert.Equal($"fcopy {observed.Instance}", failed.Payload![1]);
        Assert.Contains("out of paper", (string)failed.Payload[2]!, StringComparison.Ordinal);
        Assert.Contains(events.All, e => e.EventName == "PeerDisconnected" && e.Payload![2] as string == observed.Instance);
    }

    /// <summary>The manifest has each event with its own number and arguments: a mismatch would be told to the listener.</summary>
    [Fact]
    public void Every_event_agrees_with_its_manifest()
    {
        using var events = new Events();
        VmBusEventSource log = VmBusEventSource.Log;
        Assert.Null(log.ConstructionException);
        var channel = new ChannelIdentity(ChannelIdentity.Guest, "class", "instance of the manifest", 7, 2);
        log.ChannelOpened(channel, SignalMode.Adaptive);
        log.ChannelClosed(channel, default);
        log.ChannelFaulted(channel, new InvalidOperationException("fault"));
        log.PeerDisconnected(channel, "reason");
        log.SignalModeSet(channel, SignalMode.Monitored);
        log.Connected("end of the manifest", "5.3");
        log.Disconnected("end of the manifest");
        log.Refused("reason of the manifest");
        log.MessageNotTaken("fault of the manifest");
        log.DeviceFailed("Serve", null, new InvalidOperationException("device of the manifest"));
        log.BusFailed("end of the manifest", new InvalidOperationException("bus"));

        int[] told = [.. events.All.Where(e => e.Payload!.Any(value => value is string text && text.Contains("of the manifest", StringComparison.Ordinal))).Select(e => e.EventId).Distinct().Order()];
        Assert.Equal(Enumerable.Range(1, 11), told);
        Assert.DoesNotContain(events.All, e => e.EventId == 0);
        Assert.All(events.All, e => Assert.Equal(e.PayloadNames!.Count, e.Payload!.Count));
    }

    private sealed class Events : EventListener
    {
        private readonly ConcurrentQueue<EventWrittenEventArgs> _events = new();

        public IReadOnlyCollection<EventWrittenEventArgs> All => [.. _events];

        /// <summary>The one event of that name of a channel's end.</summary>
        public EventWrittenEventArgs Of(string name, string end, string instance) =>
            Assert.Single(All, e => e.EventName == name && e.Payload![0] as string == end && e.Payload[2] as string == instance);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "VmBus")
                EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) => _events.Enqueue(eventData);
    }
}
