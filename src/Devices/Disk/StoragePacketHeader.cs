// The packets of the storage protocol, between a guest's storvsc and its host's storvsp. Mirrors struct vstor_packet and its
// companions (Linux drivers/scsi/storvsc_drv.c; OpenVMM storvsp_protocol/src/lib.rs). Little-endian.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Devices;

/// <summary><c>enum vstor_packet_operation</c>.</summary>
internal enum StorageOperation : uint
{
    CompleteIo = 1,
    RemoveDevice = 2,
    ExecuteSrb = 3,
    ResetLun = 4,
    ResetAdapter = 5,
    ResetBus = 6,
    BeginInitialization = 7,
    EndInitialization = 8,
    QueryProtocolVersion = 9,
    QueryProperties = 10,
    EnumerateBus = 11,
    FibreChannelData = 12,
    CreateSubchannels = 13,
}

/// <summary>The status of a packet: an NTSTATUS. Linux looks at it only while it negotiates.</summary>
internal enum NtStatus : uint
{
    Success = 0,
    InvalidParameter = 0xC000_000D,
    RevisionMismatch = 0xC000_0059,
    DeviceDoesNotExist = 0xC000_00C0,
    InvalidDeviceState = 0xC000_0184,
    IoDeviceError = 0xC000_0185,
}

/// <summary><c>SRB_STATUS_*</c>: how the adapter dealt with a request.</summary>
[Flags]
internal enum SrbStatus : byte
{
    Success = 0x01,
    Error = 0x04,
    InvalidRequest = 0x06,
    InvalidLun = 0x20,
    AutosenseValid = 0x80,
}

/// <summary><c>SAM_STAT_*</c>: how the logical unit dealt with a command.</summary>
internal enum ScsiStatus : byte
{
    Good = 0x00,
    CheckCondition = 0x02,
}

/// <summary>The head of <c>struct vstor_packet</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct StoragePacketHeader
{
    /// <summary>Bytes of the head.</summary>
    public const int Size = 12;

    /// <summary>Bytes of a whole packet from 5.1 on: the head and the largest body, <see cref="ScsiRequestBlock.Size"/>.</summary>
    public const int PacketSize = Size + ScsiRequestBlock.Size;

    public StorageOperation Operation;
    public uint Flags;
    public NtStatus Status;
}

/// <summary><c>struct vmscsi_request</c> with <c>struct vmscsi_win8_extension</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ScsiRequestBlock
{
    public const int Size = 0x34;

    public const byte DataOut = 0;          // WRITE_TYPE
    public const byte DataIn = 1;           // READ_TYPE

    public ushort Length;
    public SrbStatus SrbStatus;
    public ScsiStatus ScsiStatus;
    public byte PortNumber;
    public byte PathId;
    public byte TargetId;
    public byte Lun;
    public byte CdbLength;
    public byte SenseInfoLength;
    public byte Direction;                  // data_in
    public byte Reserved;
    public uint DataTransferLength;
    public CdbOrSense Payload;              // union { cdb[16]; sense_data[20] }
    public ushort Reserve;
    public byte QueueTag;
    public byte QueueAction;
    public uint SrbFlags;
    public uint TimeOutValue;
    public uint QueueSortKey;

    /// <summary>A command, or the sense data that answers it.</summary>
    [InlineArray(Size)]
    public struct CdbOrSense
    {
        public const int CdbSize = 0x10;    // STORVSC_MAX_CMD_LEN
        public const int Size = 0x14;       // STORVSC_SENSE_BUFFER_SIZE

        private byte _first;
    }
}

/// <summary><c>struct vmstorage_channel_properties</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct StorageChannelProperties
{
    public const int Size = 24;

    public const uint SupportsMultiChannel = 0x1;       // STORAGE_CHANNEL_SUPPORTS_MULTI_CHANNEL

    public uint Reserved;
    public ushort MaxChannelCount;
    public ushort Reserved1;
    public uint Flags;
    public uint MaxTransferBytes;
    public ulong Reserved2;
}

/// <summary><c>struct vmstorage_protocol_version</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct StorageProtocolVersion
{
    public const int Size = 4;

    public const ushort V5_1 = 0x0501;      // VMSTOR_PROTO_VERSION_WIN8
    public const ushort V6_0 = 0x0600;      // VMSTOR_PROTO_VERSION_WIN8_1
    public const ushort V6_2 = 0x0602;      // VMSTOR_PROTO_VERSION_WIN10

    public ushort MajorMinor;
    public ushort Revision;
}
