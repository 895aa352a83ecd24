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
