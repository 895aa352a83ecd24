// Which side of an exchange an integration component's message is. Mirrors ICMSGHDRFLAG_* (Linux include/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>The flags of an integration component's message: <c>icflags</c> of <see cref="IcMessageHeader"/>.</summary>
[Flags]
internal enum IcMessageFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>ICMSGHDRFLAG_TRANSACTION</c>.</summary>
    Transaction = 1,

    /// <summary><c>ICMSGHDRFLAG_REQUEST</c>.</summary>
    Request = 2,

    /// <summary><c>ICMSGHDRFLAG_RESPONSE</c>.</summary>
    Response = 4,
}
