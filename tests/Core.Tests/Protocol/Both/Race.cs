namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>
/// The faults that two honest ends count of each other, because two messages crossed. Each is a message that came too late
/// to mean anything; none changes anything.
/// </summary>
internal enum Race
{
    /// <summary>The host had not heard yet that the guest left, or speaks to the guest that was there before.</summary>
    SaidBeforeLeaving,

    /// <summary>The host answered, or took back, a channel or a GPADL that the guest had given back meanwhile.</summary>
    AboutWhatWasGivenBack,

    /// <summary>
    /// The answer about a reserved channel came behind the channel's rescind, or to a guest that has forgotten the channel:
    /// it has a message slot of its own, and so no order with the rest.
    /// </summary>
    ReservedAnswerOutOfTime,

    /// <summary>The refusal of a socket channel that nobody waits for any more.</summary>
    SocketRefusedLate,

    /// <summary>The guest moved the interrupt of a channel that was revoked meanwhile.</summary>
    ModifyCrossedRevoke,

    /// <summary>A channel was opened as a reserved one before its device had let go of the former open.</summary>
    ReservedOpenOvertookClose,

    /// <summary>The guest's memory is more than the host takes: the limit, and the bodies behind the refused header.</summary>
    MemoryBeyondLimit,

    /// <summary>A message was given up, and the host does not know what the guest goes on from.</summary>
    BehindWhatWasNotPosted,

    /// <summary>After two timeouts in a row a guest takes the answer to its former contact for that to its new one.</summary>
    AnswerToFormerContact,
}
