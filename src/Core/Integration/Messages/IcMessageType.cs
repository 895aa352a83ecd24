// What an integration component's message is about. Mirrors ICMSGTYPE_* (Linux include/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>The type of an integration component's message: <c>icmsgtype</c> of <see cref="IcMessageHeader"/>.</summary>
internal enum IcMessageType : ushort
{
    /// <summary><c>ICMSGTYPE_NEGOTIATE</c>: see <see cref="IcMessageNegotiate"/>.</summary>
    Negotiate = 0,

    /// <summary><c>ICMSGTYPE_HEARTBEAT</c>.</summary>
    Heartbeat = 1,

    /// <summary><c>ICMSGTYPE_KVPEXCHANGE</c>.</summary>
    KvpExchange = 2,

    /// <summary><c>ICMSGTYPE_SHUTDOWN</c>.</summary>
    Shutdown = 3,

    /// <summary><c>ICMSGTYPE_TIMESYNC</c>.</summary>
    TimeSync = 4,

    /// <summary><c>ICMSGTYPE_VSS</c>.</summary>
    Vss = 5,

    /// <summary><c>ICMSGTYPE_FCOPY</c>.</summary>
    FileCopy = 7,
}
