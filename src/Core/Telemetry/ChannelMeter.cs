// The meter "VmBus": what dotnet-counters and OpenTelemetry read.
//
//   the hot path counts in fields it owns ─► a listener collects ─► each open channel is asked for its statistics
//
// So a channel pays for its metrics when it is opened, when it ends and when it is read; nothing per packet, with a listener
// or without. An observable counter of a channel ends with the channel. What outlives channels is counted here
// and read the same way, so that no listener's code runs where something goes wrong.

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace VmBus;

/// <summary>The meter of this process's channels. Thread-safe.</summary>
internal static class ChannelMeter
{
    public const string Name = "VmBus";

    private const string Direction = "vmbus.direction";
    private const string Signal = "vmbus.signal";
    private const string Outcome = "vmbus.outcome";
    private const string Reason = "vmbus.reason";

    private static readonly ConcurrentDictionary<long, WeakReference<VmBusChannel>> Channels = new();
    private static readonly Totals ChannelFaults = new("vmbus.device.class");
    private static readonly Totals HostMessageFaults = new("vmbus.fault");
    private static readonly Totals HostDeviceFailures = new("vmbus.operation");
    private static long _hostRefusals;
    private static long _last;

    static ChannelMeter()
    {
        var meter = new Meter(Name, typeof(ChannelMeter).Assembly.GetName().Version?.ToString(3));

        Count("vmbus.channel.packets", "{packet}", "Packets that crossed the channel, by direction.", static (counted, into) =>
        {
            into.Add(counted.PacketsSent, Direction, "sent");
            into.Add(counted.PacketsReceived, Direction, "received");
        });
        Count("vmbus.channel.bytes", "By", "Ring bytes of those packets, including descriptors and trailers, by direction.", static (counted, into) =>
        {
            into.Add(counted.BytesSent, Direction, "sent");
            into.Add(counted.BytesReceived, Direction, "received");
        });
        Count("vmbus.channel.signals", "{signal}", "Signals to the other end, by kind: a bit in the monitor page, or a hypercall.", static (counted, into) =>
        {
            into.Add(counted.MonitoredSignals, Signal, "monitor");
            into.Add(counted.Hypercalls, Signal, "hypercall");
        });
        Count("vmbus.channel.signals.extra", "{signal}", "Of those signals: sent because an urgent message promoted a deferred one, or because the other end waited for room.", static (counted, into) =>
        {
            into.Add(counted.Promotions, Reason, "promoted");
            into.Add(counted.RoomSignals, Reason, "room");
        });
        Count("vmbus.channel.signals.failed", "{signal}", "Hypercalls that the hypervisor refused.", static (counted, into) => into.Add(counted.FailedSignals));
        Count("vmbus.channel.publications", "{publication}", "Publications of the write index, by outcome: signal_needed, or why none was: reader_masked, not_empty.", static (counted, into) =>
        {
            into.Add(counted.Outgoing.Required, Outcome, "signal_needed");
            into.Add(counted.SkippedMasked, Outcome, "reader_masked");
            into.Add(counted.SkippedNotEmpty, Outcome, "not_empty");
        });
        Count("vmbus.channel.wakeups", "{wakeup}", "Signals of the other end that ended a wait here.", static (counted, into) => into.Add(counted.Wakeups));
        Count("vmbus.channel.sends.refused", "{send}", "Sends refused for lack of room.", static (counted, into) => into.Add(counted.RefusedSends));
        Count("vmbus.channel.ring.full", "{time}", "Times the outgoing ring became full: consecutive refusals count once.", static (counted, into) => into.Add(counted.TimesFull));
        Count("vmbus.channel.mode_changes", "{change}", "Times an adaptive channel switched between deferred and immediate signals.", static (counted, into) => into.Add(counted.ModeChanges));

        Gauge("vmbus.channel.ring.used", "By", "Bytes in the ring that are not read yet, by direction.", static (channel, into) =>
        {
            // A ring whose indices are impossible has no fill.
            if (channel.Outgoing.UsedBytes is { } sent)
                into.Add(sent, Direction, "sent");
            if (channel.Incoming.UsedBytes is { } received)
                into.Add(received, Direction, "received");
        });
        Gauge("vmbus.channel.ring.size", "By", "Bytes in the ring's data area, by direction.", static (channel, into) =>
        {
            into.Add(channel.Outgoing.DataSize, Direction, "sent");
            into.Add(channel.Incoming.DataSize, Direction, "received");
        });

        Total("vmbus.channel.faults", "{fault}", "Channels that faulted: the other end wrote an invalid value. By device class.", ChannelFaults.Observe);
        Total("vmbus.host.message_faults", "{message}", "Messages of guests that were rejected, by fault.", HostMessageFaults.Observe);
        Total("vmbus.host.device_failures", "{failure}", "Exceptions of devices and callbacks, by operation.", HostDeviceFailures.Observe);
        Total("vmbus.host.refusals", "{request}", "Requests of guests that were understood and refused.", static () => [new Measurement<long>(Interlocked.Read(ref _hostRefusals))]);

        void Count(string name, string unit, string description, Action<ChannelStatistics, Measurements> observe) =>
            meter.CreateObservableCounter(name, () => Observe((channel, into) => observe(channel.GetStatistics(), into)), unit, description);

        void Total(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> observe) =>
            meter.CreateObservableCounter(name, observe, unit, description);

        void Gauge(string name, string unit, string description, Action<VmBusChannel, Measurements> observe) =>
            meter.CreateObservableUpDownCounter(name, () => Observe(observe), unit, description);
    }

    /// <summary>Adds a channel that has its <see cref="VmBusChannel.Identity"/>.</summary>
    /// <returns>What <see cref="Remove"/> takes.</returns>
    public static long Add(VmBusChannel channel)
    {
        long number = Interlocked.Increment(ref _last);
        Channels[number] = new WeakReference<VmBusChannel>(channel);
        return number;
    }

    public static void Remove(long number) => Channels.TryRemove(number, out _);

    public static void OnChannelFaulted(ChannelIdentity identity) => ChannelFaults.Add(identity.KnownClass);

    public static void OnMessageFault(string fault) => HostMessageFaults.Add(fault);

    public static void OnRefused() => Interlocked.Increment(ref _hostRefusals);

    public static void OnDeviceFailed(string operation) => HostDeviceFailures.Add(operation);

    private static List<Measurement<long>> Observe(Action<VmBusChannel, Measurements> observe)
    {
        var all = new List<Measurement<long>>();
        foreach ((long number, WeakReference<VmBusChannel> reference) in Channels)
        {
            if (reference.TryGetTarget(out VmBusChannel? channel))
                observe(channel, new Measurements(channel.Identity!, all));
            else
                Remove(number);     // never disposed, and collected
        }
        return all;
    }

    // Where the measurements of one channel go.
    private readonly struct Measurements(ChannelIdentity identity, List<Measurement<long>> all)
    {
        public void Add(long value) => all.Add(new Measurement<long>(value, identity.Tags));

        public void Add(long value, string name, string tag) => all.Add(new Measurement<long>(value, identity.TagsWith(name, tag)));
    }

    // Counts by one attribute of few values.
    private sealed class Totals(string attribute)
    {
        private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

        public void Add(string value) => _counts.AddOrUpdate(value, 1, static (_, count) => count + 1);

        public IEnumerable<Measurement<long>> Observe() =>
            [.. _counts.Select(counted => new Measurement<long>(counted.Value, new KeyValuePair<string, object?>(attribute, counted.Key)))];
    }
}
