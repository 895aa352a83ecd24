using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>The host did not fulfil a request of the guest, or the connection has failed.</summary>
public sealed class GuestBusException : VmBusException
{
    internal GuestBusException(string message, GuestBusError error, Exception? innerException = null) : base(message, innerException!) => Error = error;

    internal GuestBusException(string message, RequestResult result, Exception? innerException = null) : base(message, innerException!)
    {
        Result = result;
        Error = result.Outcome switch
        {
            RequestOutcome.Completed => GuestBusError.Refused,
            RequestOutcome.TimedOut => GuestBusError.TimedOut,
            RequestOutcome.Rescinded => GuestBusError.Rescinded,
            RequestOutcome.NotPosted => GuestBusError.NotPosted,
            RequestOutcome.Cancelled => GuestBusError.Cancelled,
            _ => GuestBusError.Disconnected,
        };
    }

    internal GuestBusException(string message, ConnectFailure failure, Exception? innerException) : base(message, innerException!)
    {
        ConnectFailure = failure;
        Error = failure switch
        {
            Protocol.ConnectFailure.NoCommonVersion => GuestBusError.NoCommonVersion,
            Protocol.ConnectFailure.LowResources => GuestBusError.NoResources,
            Protocol.ConnectFailure.Refused => GuestBusError.Refused,
            Protocol.ConnectFailure.Timeout => GuestBusError.TimedOut,
            Protocol.ConnectFailure.NotPosted => GuestBusError.NotPosted,
            _ => GuestBusError.Disconnected,
        };
    }

    /// <summary>The cause.</summary>
    public GuestBusError Error { get; }

    /// <summary>How the request ended; <see langword="null"/> where there is no connection, or no request.</summary>
    internal RequestResult? Result { get; }

    /// <summary>Why there is no connection, where that is what failed.</summary>
    internal ConnectFailure? ConnectFailure { get; }
}
