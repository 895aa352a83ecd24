namespace VmBus.Hosting;

/// <summary>What a <see cref="HostBus"/> was doing when code that it was given failed.</summary>
public enum DeviceOperation
{
    /// <summary>A guest's contact was taken, which is the bus's own work.</summary>
    Connect,

    /// <summary>A channel was set up for a guest's open, which is the bus's own work.</summary>
    Open,

    /// <summary><see cref="IChannelDevice.AcceptsAsync"/>.</summary>
    Accept,

    /// <summary><see cref="IChannelDevice.ServeAsync"/>.</summary>
    Serve,

    /// <summary>The end of a service, after its token was cancelled.</summary>
    Close,

    /// <summary><see cref="HostBusOptions.TransportConnect"/>.</summary>
    TransportConnect,

    /// <summary><see cref="HostBusOptions.Observer"/>.</summary>
    Observe,

    /// <summary>A handler of <see cref="HostBus.DeviceFailed"/>.</summary>
    Report,
}
