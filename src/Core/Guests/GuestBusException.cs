using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>The host did not do what a guest asked it for, or the connection has failed.</summary>
public sealed class GuestBusException : VmBusException
{
    internal GuestBusException(string message, RequestResult? result = null, ConnectFailure? failure = null, Exception? innerException = null)
        : base(message, innerException!)
    {
        Result = result;
        ConnectFailure = failure;
    }

    /// <summary>How the request ended; <see langword="null"/> where there is no connection, or no request.</summary>
    public RequestResult? Result { get; }

    /// <summary>Why there is no connection, where that is what failed.</summary>
    public ConnectFailure? ConnectFailure { get; }
}
