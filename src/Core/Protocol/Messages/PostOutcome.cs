// What became of a post.

namespace VmBus.Protocol;

/// <summary>What became of the message at the head of a <see cref="MessageOutbox"/>.</summary>
internal enum PostOutcome
{
    /// <summary>It is with the other side.</summary>
    Delivered,

    /// <summary>There was no room for it now; it stays at the head and is due again later.</summary>
    Delayed,

    /// <summary>It was refused, or tried too often, and is gone.</summary>
    GivenUp,
}
