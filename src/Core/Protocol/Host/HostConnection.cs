// The connection a host and its guest have. What ConnectionInfo is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>The connection a host and its guest have, or are about to have.</summary>
internal sealed class HostConnection(NegotiatedVersion version, MonitorPageAddresses? monitorPages, bool hasServerMonitorPages)
{
    public NegotiatedVersion Version { get; } = version;

    public MonitorPageAddresses? MonitorPages { get; set; } = monitorPages;

    public bool HasServerMonitorPages { get; } = hasServerMonitorPages;

    public MonitorPageAddresses? ServerMonitorPages => HasServerMonitorPages ? MonitorPages : null;

    /// <summary>0 where there is none.</summary>
    public ulong InterruptPage { get; init; }

    public Guid ClientId { get; init; }

    public bool OffersRequested { get; set; }

    /// <summary>Where the guest is moving its monitor pages to.</summary>
    public MonitorPageAddresses? NextMonitorPages { get; set; }

    public HostConnectRequest RequestFor(MessageTarget target) =>
        new(Version, InterruptPage, MonitorPages, HasServerMonitorPages, target, ClientId);
}

/// <summary>What a guest asks for at contact.</summary>
internal readonly record struct ContactRequest(
    NegotiatedVersion Version, MessageTarget Target, ulong InterruptPage, ulong ParentToChild, ulong ChildToParent, Guid ClientId);
