// The messages of a network adapter's channel, between a guest's netvsc and its host's netvsp. Mirrors struct nvsp_message and its
// companions (Linux drivers/net/hyperv/hyperv_net.h; OpenVMM netvsp/src/protocol.rs). Little-endian.

using System.Runtime.InteropServices;

namespace VmBus.Devices;

/// <summary>Numbers of the protocol.</summary>
internal static class Nvsp
{
    /// <summary>Bytes of a message from version 6.1 on, its type among them. Older ends send 28, and read no more.</summary>
    public const int MessageSize = 40;

    /// <summary>Bytes of the type in front of each.</summary>
    public const int HeaderSize = 4;

    public const uint Version1 = 2;
    public const uint Version2 = 0x3_0002;
    public const uint Version4 = 0x4_0000;
    public const uint Version5 = 0x5_0000;
    public const uint Version6 = 0x6_0000;
    public const uint Version61 = 0x6_0001;

    /// <summary>The section of a packet whose data are not in the send buffer (<c>NETVSC_INVALID_INDEX</c>).</summary>
    public const uint NoSection = 0xFFFF_FFFF;

    /// <summary>Bytes of a section of the send buffer: as Hyper-V's.</summary>
    public const int SendSectionSize = 6144;

    /// <summary>Whether a version is one of the protocol's.</summary>
    public static bool IsKnown(uint version) => version is Version1 or Version2 or Version4 or Version5 or Version6 or Version61;
}

/// <summary><c>NVSP_MSG_TYPE_*</c>.</summary>
internal enum NvspMessageType : uint
{
    Init = 1,
    InitComplete = 2,
    SendNdisVersion = 100,
    SendReceiveBuffer = 101,
    SendReceiveBufferComplete = 102,
    RevokeReceiveBuffer = 103,
    SendSendBuffer = 104,
    SendSendBufferComplete = 105,
    RevokeSendBuffer = 106,
    SendRndisPacket = 107,
    SendRndisPacketComplete = 108,
    SendNdisConfig = 125,
    SwitchDataPath = 129,
    OidQueryEx = 131,
    Subchannel = 133,
}

/// <summary><c>NVSP_STAT_*</c>.</summary>
internal enum NvspStatus : uint
{
    None = 0,
    Success = 1,
    Fail = 2,
    InvalidRndisPacket = 5,
}

/// <summary><c>struct nvsp_message_init</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspInit
{
    public const int Size = 8;

    public uint MinVersion;
    public uint MaxVersion;
}

/// <summary><c>struct nvsp_message_init_complete</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspInitComplete
{
    public const int Size = 12;

    public uint Version;
    public uint MaxMdlChainLength;
    public NvspStatus Status;
}

/// <summary><c>struct nvsp_2_send_ndis_config</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspNdisConfig
{
    public const int Size = 16;

    /// <summary>The longest frame without its check sequence: the MTU and 14 bytes of head.</summary>
    public uint MaxFrame;
    public uint Reserved;
    public ulong Capabilities;
}

/// <summary><c>struct nvsp_1_message_send_receive_buffer</c>, and the same of a send buffer.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspBuffer
{
    public const int Size = 6;

    public uint Gpadl;
    public ushort Id;
}

/// <summary><c>struct nvsp_1_message_send_receive_buffer_complete</c>, with one section.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspReceiveBufferComplete
{
    public const int Size = 24;

    public NvspStatus Status;
    public uint SectionCount;
    public uint Offset;
    public uint SubAllocationSize;
    public uint SubAllocationCount;
    public uint EndOffset;
}

/// <summary><c>struct nvsp_1_message_send_send_buffer_complete</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspSendBufferComplete
{
    public const int Size = 8;

    public NvspStatus Status;
    public uint SectionSize;
}

/// <summary><c>struct nvsp_1_message_send_rndis_packet</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspRndisPacket
{
    public const int Size = 12;

    public const uint Data = 0;             // RMC_DATA
    public const uint Control = 1;          // RMC_CONTROL

    public uint ChannelType;
    public uint SectionIndex;
    public uint SectionSize;
}

/// <summary><c>struct nvsp_5_subchannel_complete</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NvspSubchannelComplete
{
    public const int Size = 8;

    public NvspStatus Status;
    public uint Count;
}
