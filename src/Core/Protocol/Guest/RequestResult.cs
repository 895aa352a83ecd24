// What became of a request.

namespace VmBus.Protocol;

/// <summary>What became of a request to the host.</summary>
/// <param name="Outcome">How it came to its end.</param>
/// <param name="Status">What the host answered, when <see cref="RequestOutcome.Completed"/>.</param>
internal readonly record struct RequestResult(RequestOutcome Outcome, ChannelMessageStatus Status = ChannelMessageStatus.Success)
{
    /// <summary>What was asked for is done.</summary>
    public static RequestResult Success => new(RequestOutcome.Completed);

    /// <summary>Whether what was asked for is done.</summary>
    public bool IsSuccess => Outcome == RequestOutcome.Completed && Status == ChannelMessageStatus.Success;

    /// <summary>The outcome, and the status where the host gave one.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Outcome == RequestOutcome.Completed ? $"{Outcome}: {Status}" : Outcome.ToString();
}

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
