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
