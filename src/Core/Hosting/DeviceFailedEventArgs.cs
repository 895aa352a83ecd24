// What the code of a host's author did that ended a channel, an open or a request: told to the author, never to the guest.

namespace VmBus.Hosting;

/// <summary>Describes a failure of a device or a callback.</summary>
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

    /// <summary>The offer concerned; <see langword="null"/> if there is none.</summary>
    public OfferedChannel? Channel { get; }

    /// <summary>
    /// The exception; a <see cref="DeviceFaultException"/> if none was thrown but a call timed out or ended too early.
    /// </summary>
    public Exception Exception { get; }
}
