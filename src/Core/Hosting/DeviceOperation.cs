namespace VmBus.Hosting;

/// <summary>What a <see cref="HostBus"/> was doing when a device or a callback failed.</summary>
public enum DeviceOperation
{
    /// <summary>Accepting a guest's contact, in the bus itself.</summary>
    Connect,

    /// <summary>Setting up a channel for a guest's open, in the bus itself.</summary>
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
