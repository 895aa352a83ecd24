// What can be wrong with a message before its contents are looked at.

namespace VmBus.Protocol;

/// <summary>Why a message is refused. The receiver counts the fault and drops the message.</summary>
public enum MessageFault
{
    /// <summary>No fault.</summary>
    None = 0,

    /// <summary>It ends within its header, or before the end of its last field.</summary>
    TooShort,

    /// <summary>It is longer than the 240 bytes of a SynIC message.</summary>
    TooLong,

    /// <summary>Its type is not a known message.</summary>
    UnknownType,

    /// <summary>Only the other side of a connection sends it.</summary>
    WrongDirection,

    /// <summary>It arrived before a version was negotiated; only the negotiation itself is allowed then.</summary>
    NotConnected,

    /// <summary>It is newer than the negotiated version.</summary>
    NotInVersion,

    /// <summary>It belongs to a feature that was not negotiated.</summary>
    FeatureNotNegotiated,

    /// <summary>It refers to a channel, a GPADL or a request that does not exist.</summary>
    UnknownTarget,

    /// <summary>Its target is in a state that does not allow it.</summary>
    WrongState,

    /// <summary>One of its fields has an invalid value.</summary>
    InvalidField,

    /// <summary>Its sender exceeded a limit.</summary>
    LimitExceeded,
}
