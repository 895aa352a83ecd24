// How a request came to its end.

namespace VmBus.Protocol;

/// <summary>How a request came to its end.</summary>
internal enum RequestOutcome
{
    /// <summary>The host has answered; where it never answers, the request is with it.</summary>
    Completed,

    /// <summary>The host did not answer in time. It may still do.</summary>
    TimedOut,

    /// <summary>The host has taken the channel back.</summary>
    Rescinded,

    /// <summary>The connection has ended.</summary>
    Disconnected,

    /// <summary>The message could not be posted.</summary>
    NotPosted,

    /// <summary>A later request of our own undid it.</summary>
    Cancelled,
}
