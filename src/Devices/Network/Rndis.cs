// What a network adapter and its host say to each other inside the packets of netvsp: Remote NDIS. Mirrors Linux
// include/linux/rndis.h and drivers/net/hyperv/hyperv_net.h; the document is Microsoft's MS-RNDIS. Little-endian.

using System.Runtime.InteropServices;

namespace VmBus.Devices;

/// <summary>Numbers of RNDIS, and its layouts. Offsets count from behind the type and the length.</summary>
internal static class Rndis
{
    /// <summary>Bytes of the type and the length in front of each message.</summary>
    public const int HeaderSize = 8;

    /// <summary>Bytes in front of a frame without per-packet information.</summary>
    public const int PacketHeaderSize = HeaderSize + RndisPacket.Size;

    /// <summary>The longest answer of <see cref="RndisProtocol"/>.</summary>
    public const int LongestAnswer = 256;

    /// <summary><c>IEEE_8021Q_INFO</c>.</summary>
    public const uint VlanInformation = 6;

    /// <summary>Messages of one packet begin at multiples of 2 to this power.</summary>
    public const int PacketAlignmentFactor = 3;

    /// <summary>How many frames one packet may carry (<c>MaxPacketsPerMessage</c>).</summary>
    public const int MaxPacketsPerMessage = 8;
}

/// <summary><c>RNDIS_MSG_*</c>. An answer has the type of its question and <see cref="Completion"/>.</summary>
internal enum RndisMessageType : uint
{
    Packet = 1,
    Initialize = 2,
    Halt = 3,
    Query = 4,
    Set = 5,
    Reset = 6,
    IndicateStatus = 7,
    KeepAlive = 8,
    Completion = 0x8000_0000,
}

/// <summary><c>RNDIS_STATUS_*</c>.</summary>
internal enum RndisStatus : uint
{
    Success = 0,
    MediaConnect = 0x4001_000B,
    MediaDisconnect = 0x4001_000C,
    NotSupported = 0xC000_00BB,
    InvalidLength = 0xC001_0014,
    InvalidData = 0xC001_0015,
}

/// <summary><c>RNDIS_OID_*</c> and <c>OID_*</c>: what is asked and set.</summary>
internal enum RndisOid : uint
{
    SupportedList = 0x0001_0101,
    HardwareStatus = 0x0001_0102,
    MediaSupported = 0x0001_0103,
    MediaInUse = 0x0001_0104,
    MaximumLookahead = 0x0001_0105,
    MaximumFrameSize = 0x0001_0106,
    LinkSpeed = 0x0001_0107,
    TransmitBlockSize = 0x0001_010A,
    ReceiveBlockSize = 0x0001_010B,
    VendorId = 0x0001_010C,
    VendorDescription = 0x0001_010D,
    CurrentPacketFilter = 0x0001_010E,
    CurrentLookahead = 0x0001_010F,
    MaximumTotalSize = 0x0001_0111,
    MacOptions = 0x0001_0113,
    MediaConnectStatus = 0x0001_0114,
    MaximumSendPackets = 0x0001_0115,
    TransmitOk = 0x0002_0101,
    ReceiveOk = 0x0002_0102,
    TransmitError = 0x0002_0103,
    ReceiveError = 0x0002_0104,
    ReceiveNoBuffer = 0x0002_0105,
    PermanentAddress = 0x0101_0101,
    CurrentAddress = 0x0101_0102,
    MulticastList = 0x0101_0103,
    MaximumListSize = 0x0101_0104,
    OffloadCurrentConfig = 0xFC01_020B,
    OffloadParameters = 0xFC01_020C,
    OffloadHardwareCapabilities = 0xFC01_020D,
}

/// <summary><c>NDIS_PACKET_TYPE_*</c>: which frames the guest wants.</summary>
[Flags]
internal enum PacketFilter : uint
{
    None = 0,
    Directed = 0x01,
    Multicast = 0x02,
    AllMulticast = 0x04,
    Broadcast = 0x08,
    Promiscuous = 0x20,
}

/// <summary><c>struct rndis_packet</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RndisPacket
{
    public const int Size = 36;

    public uint DataOffset;
    public uint DataLength;
    public uint OutOfBandOffset;
    public uint OutOfBandLength;
    public uint OutOfBandCount;
    public uint InformationOffset;      // per_pkt_info_offset
    public uint InformationLength;
    public uint VcHandle;
    public uint Reserved;
}

/// <summary><c>struct rndis_per_packet_info</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RndisPacketInformation
{
    public const int HeaderSize = 12;

    public uint Size;
    public uint Type;                   // the highest bit: internal
    public uint Offset;
}

/// <summary><c>struct rndis_query_request</c>, and the same of a set.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RndisRequest
{
    public const int Size = 20;

    public uint RequestId;
    public RndisOid Oid;
    public uint InformationLength;
    public uint InformationOffset;
    public uint VcHandle;
}

/// <summary><c>struct rndis_initialize_complete</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RndisInitializeComplete
{
    public const int Size = 44;

    public uint RequestId;
    public RndisStatus Status;
    public uint MajorVersion;
    public uint MinorVersion;
    public uint DeviceFlags;            // 1: connectionless
    public uint Medium;                 // 0: 802.3
    public uint MaxPacketsPerMessage;
    public uint MaxTransferSize;
    public uint PacketAlignmentFactor;
    public uint AddressFamilyListOffset;
    public uint AddressFamilyListSize;
}

/// <summary><c>struct rndis_query_complete</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RndisQueryComplete
{
    public const int Size = 16;

    public uint RequestId;
    public RndisStatus Status;
    public uint InformationLength;
    public uint InformationOffset;
}

/// <summary><c>struct rndis_indicate_status</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RndisIndicateStatus
{
    public const int Size = 12;

    public RndisStatus Status;
    public uint InformationLength;
    public uint InformationOffset;
}

/// <summary>
/// <c>struct ndis_offload</c>: what the adapter does in the guest's place. All zeros but the head: nothing, and each frame is whole
/// as it comes from the guest.
/// </summary>
internal static class NdisOffload
{
    public const byte ObjectType = 0xA7;        // NDIS_OBJECT_TYPE_OFFLOAD

    // Of all versions head, checksums, segmentation 1, IPsec 1, segmentation 2, flags; then IPsec 2, whose flags are bytes; then
    // coalescing and encapsulation.
    public const int Size60 = 4 + 32 + 16 + 28 + 28 + 4;            // NDIS_OFFLOAD_SIZE_6_0
    public const int Size61 = Size60 + 4 + 11 + 1 + 16;             // NDIS_OFFLOAD_SIZE_6_1
    public const int Size630 = Size61 + 2 + 2 + 8;                  // NDIS_OFFLOAD_SIZE
}
