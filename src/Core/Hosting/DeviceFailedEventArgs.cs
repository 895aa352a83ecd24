// What the code of a host's author did that ended a channel, an open or a request: told to the author, never to the guest.

namespace VmBus.Hosting;

/// <summary>What failed, and how.</summary>
public sealed class DeviceFailedEventArgs : EventArgs
{
    internal DeviceFailedEventArgs(DeviceOperation operation, OfferedChannel? channel, Exception exception)
    {
        Operation = operation;
        Channel = channel;
        Exception = exception;
    }

    /// <summary>What the bus was doing.</summary>
    public DeviceOperation Operation { get; }

    /// <summary>Of which offer; <see langword="null"/> where it is of none.</summary>
    public OfferedChannel? Channel { get; }

    /// <summary>What was thrown; a <see cref="DeviceFaultException"/> where nothing was, and something did not come or came too early.</summary>
    public Exception Exception { get; }
}

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
