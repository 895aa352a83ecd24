// The event source "VmBus": what dotnet-trace, PerfView and an EventListener read. It tells what happens to channels and
// connections, never a packet.

using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;

namespace VmBus;

/// <summary>The events of this process's channels and buses. Thread-safe.</summary>
[EventSource(Name = "VmBus")]
[UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "All arguments are strings and numbers.")]
internal sealed class VmBusEventSource : EventSource
{
    public static VmBusEventSource Log { get; } = new();

    /// <summary>What a listener chooses by.</summary>
    public static class Keywords
    {
        public const EventKeywords Channel = (EventKeywords)1;
        public const EventKeywords Connection = (EventKeywords)2;
        public const EventKeywords Device = (EventKeywords)4;
    }

    [NonEvent]
    public void ChannelOpened(ChannelIdentity channel, SignalMode mode)
    {
        if (IsEnabled(EventLevel.Informational, Keywords.Channel))
            ChannelOpened(channel.End, channel.DeviceClass, channel.Instance, channel.Relid, channel.Subchannel, mode.ToString());
    }

    [NonEvent]
    public void ChannelClosed(ChannelIdentity channel, in ChannelStatistics counted)
    {
        if (IsEnabled(EventLevel.Informational, Keywords.Channel))
            ChannelClosed(channel.End, channel.DeviceClass, channel.Instance, channel.Relid, channel.Subchannel, counted.PacketsSent, counted.PacketsReceived);
    }

    [NonEvent]
    public void ChannelFaulted(ChannelIdentity channel, Exception fault)
    {
        if (IsEnabled(EventLevel.Error, Keywords.Channel))
            ChannelFaulted(channel.End, channel.DeviceClass, channel.Instance, channel.Relid, channel.Subchannel, fault.Message);
    }

    [NonEvent]
    public void PeerDisconnected(ChannelIdentity channel, string reason)
    {
        if (IsEnabled(EventLevel.Informational, Keywords.Channel))
            PeerDisconnected(channel.End, channel.DeviceClass, channel.Instance, channel.Relid, channel.Subchannel, reason);
    }

    [NonEvent]
    public void SignalModeSet(ChannelIdentity channel, SignalMode mode)
    {
        if (IsEnabled(EventLevel.Informational, Keywords.Channel))
            SignalModeSet(channel.End, channel.DeviceClass, channel.Instance, channel.Relid, channel.Subchannel, mode.ToString());
    }

    [NonEvent]
    public void DeviceFailed(string operation, HostOffer? offer, Exception exception)
    {
        if (IsEnabled(EventLevel.Error, Keywords.Device))
            DeviceFailed(operation, offer is null ? "" : $"{ChannelIdentity.NameOf(offer.InterfaceType)} {offer.InterfaceInstance}", exception.ToString());
    }

    [NonEvent]
    public void BusFailed(string end, Exception exception)
    {
        if (IsEnabled(EventLevel.Critical, Keywords.Connection))
            BusFailed(end, exception.ToString());
    }

    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Channel, Message = "{0} {1} {2} relid {3}.{4} opened, {5}")]
    private void ChannelOpened(string end, string deviceClass, string instance, uint relid, int subchannel, string mode) =>
        WriteEvent(1, end, deviceClass, instance, relid, subchannel, mode);

    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Channel, Message = "{0} {1} {2} relid {3}.{4} closed after {5} packets sent, {6} received")]
    private void ChannelClosed(string end, string deviceClass, string instance, uint relid, int subchannel, long packetsSent, long packetsReceived) =>
        WriteEvent(2, end, deviceClass, instance, relid, subchannel, packetsSent, packetsReceived);

    [Event(3, Level = EventLevel.Error, Keywords = Keywords.Channel, Message = "{0} {1} {2} relid {3}.{4} faulted: {5}")]
    private void ChannelFaulted(string end, string deviceClass, string instance, uint relid, int subchannel, string fault) =>
        WriteEvent(3, end, deviceClass, instance, relid, subchannel, fault);

    [Event(4, Level = EventLevel.Informational, Keywords = Keywords.Channel, Message = "{0} {1} {2} relid {3}.{4}: the other end is gone: {5}")]
    private void PeerDisconnected(string end, string deviceClass, string instance, uint relid, int subchannel, string reason) =>
        WriteEvent(4, end, deviceClass, instance, relid, subchannel, reason);

    [Event(5, Level = EventLevel.Informational, Keywords = Keywords.Channel, Message = "{0} {1} {2} relid {3}.{4} signals {5}")]
    private void SignalModeSet(string end, string deviceClass, string instance, uint relid, int subchannel, string mode) =>
        WriteEvent(5, end, deviceClass, instance, relid, subchannel, mode);

    [Event(6, Level = EventLevel.Informational, Keywords = Keywords.Connection, Message = "{0} connected with version {1}")]
    public void Connected(string end, string version) => WriteEvent(6, end, version);

    [Event(7, Level = EventLevel.Informational, Keywords = Keywords.Connection, Message = "{0} disconnected")]
    public void Disconnected(string end) => WriteEvent(7, end);

    [Event(8, Level = EventLevel.Warning, Keywords = Keywords.Connection, Message = "refused: {0}")]
    public void Refused(string reason) => WriteEvent(8, reason);

    [Event(9, Level = EventLevel.Warning, Keywords = Keywords.Connection, Message = "a message was rejected: {0}")]
    public void MessageNotTaken(string fault) => WriteEvent(9, fault);

    [Event(10, Level = EventLevel.Error, Keywords = Keywords.Device, Message = "{0} of {1} failed: {2}")]
    private void DeviceFailed(string operation, string device, string exception) => WriteEvent(10, operation, device, exception);

    [Event(11, Level = EventLevel.Critical, Keywords = Keywords.Connection, Message = "the bus of the {0} failed: {1}")]
    private void BusFailed(string end, string exception) => WriteEvent(11, end, exception);
}
