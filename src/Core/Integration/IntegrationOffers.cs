// How the integration components are offered: message pipes without a monitor, as Hyper-V does.

using VmBus.Layout;

namespace VmBus.Integration;

/// <summary>The offers of the integration components.</summary>
internal static class IntegrationOffers
{
    /// <summary>Served by a <see cref="HeartbeatHost"/>.</summary>
    public static HostOffer Heartbeat { get; } = Offer(IntegrationComponentIds.HeartbeatInterface, IntegrationComponentIds.HeartbeatInstance);

    /// <summary>Served by a <see cref="TimeSyncHost"/>.</summary>
    public static HostOffer TimeSync { get; } = Offer(IntegrationComponentIds.TimeSyncInterface, IntegrationComponentIds.TimeSyncInstance);

    /// <summary>Served by a <see cref="ShutdownHost"/>.</summary>
    public static HostOffer Shutdown { get; } = Offer(IntegrationComponentIds.ShutdownInterface, IntegrationComponentIds.ShutdownInstance);

    /// <summary>Served by a <see cref="KvpHost"/>.</summary>
    public static HostOffer KeyValuePairs { get; } = Offer(IntegrationComponentIds.KvpInterface, IntegrationComponentIds.KvpInstance);

    /// <summary>Served by a <see cref="FileCopyHost"/>.</summary>
    public static HostOffer FileCopy { get; } = Offer(IntegrationComponentIds.FileCopyInterface, IntegrationComponentIds.FileCopyInstance);

    /// <summary>Served by a <see cref="VssHost"/>.</summary>
    public static HostOffer Vss { get; } = Offer(IntegrationComponentIds.VssInterface, IntegrationComponentIds.VssInstance);

    private static HostOffer Offer(Guid interfaceType, Guid interfaceInstance) => new(interfaceType, interfaceInstance)
    {
        Flags = OfferFlags.EnumerateDeviceInterface | OfferFlags.NamedPipeMode,
        PipeMode = PipeMode.Message,
    };
}
