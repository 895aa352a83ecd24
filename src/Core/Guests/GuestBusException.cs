using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>The host did not do what a guest asked it for.</summary>
public sealed class GuestBusException : VmBusException
{
    internal GuestBusException(string message, RequestResult? result = null, ConnectFailure? failure = null) : base(message)
    {
        Result = result;
        ConnectFailure = failure;
    }

    /// <summary>How the request ended; <see langword="null"/> where there was no connection.</summary>
    public RequestResult? Result { get; }

    /// <summary>Why there is no connection, where that is what failed.</summary>
    public ConnectFailure? ConnectFailure { get; }
}
