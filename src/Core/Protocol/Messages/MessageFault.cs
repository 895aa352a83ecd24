// What can be wrong with a message before its contents are looked at.

namespace VmBus.Protocol;

/// <summary>Why a message is refused. The receiver counts the fault and drops the message.</summary>
public enum MessageFault
{
    /// <summary>Nothing is wrong with it.</summary>
    None = 0,

    /// <summary>It ends before its header does, or before its last field.</summary>
    TooShort,

    /// <summary>It is longer than the 240 bytes a SynIC message carries.</summary>
    TooLong,

    /// <summary>No message has its number.</summary>
    UnknownType,

    /// <summary>The other side of a connection is the one that sends it.</summary>
    WrongDirection,

    /// <summary>Nothing but the negotiation of a version may come before a version is negotiated.</summary>
    NotConnected,

    /// <summary>It is newer than the negotiated version.</summary>
    NotInVersion,

    /// <summary>It belongs to a feature that was not negotiated.</summary>
    FeatureNotNegotiated,

    /// <summary>It names a channel, a GPADL or a request that is not there.</summary>
    UnknownTarget,

    /// <summary>It comes when whatever it names is in no condition for it.</summary>
    WrongState,

    /// <summary>One of its fields has a value it cannot have.</summary>
    InvalidField,

    /// <summary>Its sender has asked for more than it may have at a time.</summary>
    LimitExceeded,
}
