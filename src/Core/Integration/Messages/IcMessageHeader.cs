// The head of an integration component's message. Mirrors icmsg_hdr (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The header of an integration component's message: <c>icmsg_hdr</c>, 20 bytes, after <see cref="IcPipeHeader"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcMessageHeader
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 20;

    /// <summary><c>icverframe</c>: the framework's version.</summary>
    public IcVersion FrameworkVersion;

    /// <summary><c>icmsgtype</c>.</summary>
    public IcMessageType MessageType;

    /// <summary><c>icvermsg</c>: the message's version.</summary>
    public IcVersion MessageVersion;

    /// <summary><c>icmsgsize</c>: the length of what follows this header, in bytes.</summary>
    public ushort MessageLength;

    /// <summary><c>status</c>: an <c>HRESULT</c>; 0 when all is well.</summary>
    public uint Status;

    /// <summary><c>ictransaction_id</c>: chosen by the asker, given back in the answer.</summary>
    public byte TransactionId;

    /// <summary><c>icflags</c>.</summary>
    public IcMessageFlags Flags;

    /// <summary>Zero.</summary>
    public ushort Reserved;
}

// What comes before an integration component's message. Mirrors vmbuspipe_hdr (Linux include/linux/hyperv.h).
/// <summary>The pipe header of an integration component's packet: <c>vmbuspipe_hdr</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcPipeHeader
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 8;

    /// <summary><c>flags</c>.</summary>
    public uint Flags;

    /// <summary><c>msgsize</c>: the length of what follows, in bytes.</summary>
    public uint MessageLength;
}

// What an integration component's message is about. Mirrors ICMSGTYPE_* (Linux include/linux/hyperv.h).
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

// Which side of an exchange an integration component's message is. Mirrors ICMSGHDRFLAG_* (Linux include/linux/hyperv.h).
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

// The versions an integration component offers. Mirrors icmsg_negotiate (Linux include/linux/hyperv.h).
/// <summary>
/// The head of a <see cref="IcMessageType.Negotiate"/> message: <c>icmsg_negotiate</c>, 8 bytes. The framework's
/// versions follow, then the messages', each an <see cref="IcVersion"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcMessageNegotiate
{
    /// <summary>The size of the head in bytes, versions not counted.</summary>
    public const int Size = 8;

    /// <summary><c>icframe_vercnt</c>: how many framework versions follow.</summary>
    public ushort FrameworkVersionCount;

    /// <summary><c>icmsg_vercnt</c>: how many message versions follow those.</summary>
    public ushort MessageVersionCount;

    /// <summary>Zero.</summary>
    public uint Reserved;
}

// A version of an integration component. Mirrors ic_version (Linux include/linux/hyperv.h).
/// <summary>A version of an integration component's framework or messages: <c>ic_version</c>, 4 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct IcVersion
{
    /// <summary>The size of a version in bytes.</summary>
    public const int Size = 4;

    /// <summary><c>major</c>.</summary>
    public ushort Major;

    /// <summary><c>minor</c>.</summary>
    public ushort Minor;

    /// <summary>Makes a version.</summary>
    /// <param name="major">The first number.</param>
    /// <param name="minor">The second.</param>
    public IcVersion(ushort major, ushort minor)
    {
        Major = major;
        Minor = minor;
    }

    /// <summary>The version as people write it: 3.0.</summary>
    public override readonly string ToString() => $"{Major}.{Minor}";
}
