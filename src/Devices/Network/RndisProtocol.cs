// What an adapter answers to its guest's questions. What the RNDIS half of netvsp is to OpenVMM; the guest's side is
// rndis_filter_device_add (Linux drivers/net/hyperv/rndis_filter.c). No I/O, no clock: a message in, an answer out.
//
//   INITIALIZE ─► questions (QUERY) and settings (SET); with a packet filter that is not zero frames come ─► HALT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace VmBus.Devices;

/// <summary>The state of an adapter as RNDIS sees it. Calls come from one thread at a time; the properties may be read by any.</summary>
/// <param name="address">The adapter's address, 6 bytes.</param>
/// <param name="options">How it behaves.</param>
/// <param name="counts">What it has done.</param>
internal sealed class RndisProtocol(byte[] address, NetworkAdapterOptions options, NetworkCounts counts)
{
    private const uint VendorId = 0xFF_FFFF;        // none
    private const uint MacOptions = 0x0000_000B;    // copies lookahead data, received data may be pended, no loopback
    private const int MulticastListLength = 64;

    private static readonly RndisOid[] Supported =
    [
        RndisOid.SupportedList, RndisOid.HardwareStatus, RndisOid.MediaSupported, RndisOid.MediaInUse, RndisOid.MaximumLookahead, RndisOid.MaximumFrameSize,
        RndisOid.LinkSpeed, RndisOid.TransmitBlockSize, RndisOid.ReceiveBlockSize, RndisOid.VendorId, RndisOid.VendorDescription, RndisOid.CurrentPacketFilter,
        RndisOid.CurrentLookahead, RndisOid.MaximumTotalSize, RndisOid.MacOptions, RndisOid.MediaConnectStatus, RndisOid.MaximumSendPackets, RndisOid.TransmitOk,
        RndisOid.ReceiveOk, RndisOid.TransmitError, RndisOid.ReceiveError, RndisOid.ReceiveNoBuffer, RndisOid.PermanentAddress, RndisOid.CurrentAddress,
        RndisOid.MulticastList, RndisOid.MaximumListSize, RndisOid.OffloadCurrentConfig, RndisOid.OffloadParameters, RndisOid.OffloadHardwareCapabilities,
    ];

    private volatile bool _isInitialized;
    private volatile PacketFilter _filter;

    /// <summary>Whether the guest has initialized it and not halted it.</summary>
    public bool IsInitialized => _isInitialized;

    /// <summary>Which frames the guest wants: none before it has said so.</summary>
    public PacketFilter Filter => _filter;

    /// <summary>The guest has reopened the channel.</summary>
    public void Reset() => Restore(isInitialized: false, PacketFilter.None);

    /// <summary>Goes on where another was saved.</summary>
    public void Restore(bool isInitialized, PacketFilter filter)
    {
        _filter = filter;
        _isInitialized = isInitialized;
    }

    /// <summary>Deals with a control message.</summary>
    /// <param name="message">The message, at least its <see cref="Rndis.HeaderSize"/>, cut to its own length: the caller's own copy.</param>
    /// <param name="isLinkUp">Whether the link is up.</param>
    /// <param name="nvspVersion">The version of the channel's protocol.</param>
    /// <param name="answer">The answer: <see cref="Rndis.LongestAnswer"/> bytes of zeros.</param>
    /// <returns>Bytes of the answer; 0 for none; -1 when it is no message.</returns>
    public int Handle(ReadOnlySpan<byte> message, bool isLinkUp, uint nvspVersion, Span<byte> answer)
    {
        var type = MemoryMarshal.Read<RndisMessageType>(message);
        ReadOnlySpan<byte> body = message[Rndis.HeaderSize..];
        // All but a halt begin with the number of the request.
        if (type != RndisMessageType.Halt && body.Length < sizeof(uint))
            return -1;
        switch (type)
        {
            case RndisMessageType.Initialize:
                return Initialize(body, answer);
            case RndisMessageType.Halt:
                Reset();
                return 0;
            case RndisMessageType.Query:
                return Query(body, isLinkUp, nvspVersion, answer);
            case RndisMessageType.Set:
                return Set(body, answer);
            case RndisMessageType.Reset:
                // RESET_CMPLT has no number: a status, and whether the guest must set its filter again.
                return Finish(answer, type, 2 * sizeof(uint));
            case RndisMessageType.KeepAlive:
                return Tell(answer, type, body, RndisStatus.Success);
            default:
                return -1;
        }
    }

    /// <summary>Writes the word of a link that comes or goes.</summary>
    /// <returns>Its bytes.</returns>
    public static int Indicate(bool isLinkUp, Span<byte> message)
    {
        MemoryMarshal.Write(message[Rndis.HeaderSize..], new RndisIndicateStatus { Status = isLinkUp ? RndisStatus.MediaConnect : RndisStatus.MediaDisconnect });
        return Finish(message, RndisMessageType.IndicateStatus, RndisIndicateStatus.Size, isAnswer: false);
    }

    private int Initialize(ReadOnlySpan<byte> body, Span<byte> answer)
    {
        _isInitialized = true;
        MemoryMarshal.Write(answer[Rndis.HeaderSize..], new RndisInitializeComplete
        {
            RequestId = RequestId(body),
            MajorVersion = 1,
            DeviceFlags = 1,
            MaxPacketsPerMessage = Rndis.MaxPacketsPerMessage,
            MaxTransferSize = Nvsp.SendSectionSize,
            PacketAlignmentFactor = Rndis.PacketAlignmentFactor,
        });
        return Finish(answer, RndisMessageType.Initialize, RndisInitializeComplete.Size);
    }

    private int Query(ReadOnlySpan<byte> body, bool isLinkUp, uint nvspVersion, Span<byte> answer)
    {
        if (body.Length < RndisRequest.Size)
            return Tell(answer, RndisMessageType.Query, body, RndisStatus.InvalidLength, RndisQueryComplete.Size);
        RndisOid oid = MemoryMarshal.Read<RndisRequest>(body).Oid;
        Span<byte> value = answer[(Rndis.HeaderSize + RndisQueryComplete.Size)..];
        int length = Ask(oid, isLinkUp, nvspVersion, value);
        MemoryMarshal.Write(answer[Rndis.HeaderSize..], new RndisQueryComplete
        {
            RequestId = RequestId(body),
            Status = length < 0 ? RndisStatus.NotSupported : RndisStatus.Success,
            InformationLength = (uint)Math.Max(length, 0),
            InformationOffset = length < 0 ? 0u : RndisQueryComplete.Size,
        });
        return Finish(answer, RndisMessageType.Query, RndisQueryComplete.Size + Math.Max(length, 0));
    }

    private int Ask(RndisOid oid, bool isLinkUp, uint nvspVersion, Span<byte> value)
    {
        switch (oid)
        {
            case RndisOid.SupportedList:
                MemoryMarshal.AsBytes(Supported.AsSpan()).CopyTo(value);
                return Supported.Length * sizeof(uint);
            case RndisOid.VendorDescription:
                return Encoding.ASCII.GetBytes("VmBus for .NET\0", value);
            case RndisOid.PermanentAddress or RndisOid.CurrentAddress:
                address.CopyTo(value);
                return address.Length;
            case RndisOid.MulticastList:
                return 0;
            case RndisOid.OffloadCurrentConfig or RndisOid.OffloadHardwareCapabilities:
                return Offloads(nvspVersion, value);
        }
        uint? number = oid switch
        {
            RndisOid.HardwareStatus or RndisOid.MediaSupported or RndisOid.MediaInUse => 0,     // ready, 802.3
            RndisOid.MaximumLookahead or RndisOid.CurrentLookahead or RndisOid.MaximumFrameSize => (uint)options.MaxMtu,
            RndisOid.MaximumTotalSize or RndisOid.TransmitBlockSize or RndisOid.ReceiveBlockSize => (uint)(options.MaxMtu + EthernetFrame.MinLength),
            RndisOid.LinkSpeed => (uint)Math.Min(options.LinkSpeed / 100, uint.MaxValue),
            RndisOid.VendorId => VendorId,
            RndisOid.CurrentPacketFilter => (uint)_filter,
            RndisOid.MacOptions => MacOptions,
            RndisOid.MediaConnectStatus => isLinkUp ? 0u : 1u,
            RndisOid.MaximumSendPackets => Rndis.MaxPacketsPerMessage,
            RndisOid.MaximumListSize => MulticastListLength,
            RndisOid.TransmitOk => (uint)counts.Sent,
            RndisOid.ReceiveOk => (uint)counts.Received,
            RndisOid.TransmitError => (uint)counts.Rejected,
            RndisOid.ReceiveError or RndisOid.ReceiveNoBuffer => (uint)counts.Lost,
            _ => null,
        };
        if (number is null)
            return -1;
        BinaryPrimitives.WriteUInt32LittleEndian(value, number.Value);
        return sizeof(uint);
    }

    // Linux wants an object of the revision and the length that its version of the protocol has.
    private static int Offloads(uint nvspVersion, Span<byte> value)
    {
        (byte revision, int length) = nvspVersion switch
        {
            >= Nvsp.Version5 => ((byte)3, NdisOffload.Size630),
            >= Nvsp.Version4 => ((byte)2, NdisOffload.Size61),
            _ => ((byte)1, NdisOffload.Size60),
        };
        value[..length].Clear();
        value[0] = NdisOffload.ObjectType;
        value[1] = revision;
        BinaryPrimitives.WriteUInt16LittleEndian(value[2..], (ushort)length);
        return length;
    }

    private int Set(ReadOnlySpan<byte> body, Span<byte> answer)
    {
        if (body.Length < RndisRequest.Size)
            return Tell(answer, RndisMessageType.Set, body, RndisStatus.InvalidLength);
        var request = MemoryMarshal.Read<RndisRequest>(body);
        RndisStatus status = RndisFrame.TrySlice(body, request.InformationOffset, request.InformationLength, out ReadOnlySpan<byte> value) ? Set(request.Oid, value) : RndisStatus.InvalidLength;
        return Tell(answer, RndisMessageType.Set, body, status);
    }

    private RndisStatus Set(RndisOid oid, ReadOnlySpan<byte> value)
    {
        switch (oid)
        {
            case RndisOid.CurrentPacketFilter when value.Length >= sizeof(uint):
                _filter = MemoryMarshal.Read<PacketFilter>(value);
                return RndisStatus.Success;
            case RndisOid.CurrentPacketFilter:
                return RndisStatus.InvalidData;
            // All of them are let through, whatever the list.
            case RndisOid.MulticastList when value.Length % EthernetFrame.AddressLength == 0:
            case RndisOid.CurrentLookahead:
            // There is nothing to turn on or off, and Linux gives the adapter up where it cannot say so.
            case RndisOid.OffloadParameters:
                return RndisStatus.Success;
            case RndisOid.MulticastList:
                return RndisStatus.InvalidData;
            default:
                return RndisStatus.NotSupported;
        }
    }

    private static uint RequestId(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt32LittleEndian(body);

    // The number of the request, and a status.
    private static int Tell(Span<byte> answer, RndisMessageType type, ReadOnlySpan<byte> body, RndisStatus status, int length = 2 * sizeof(uint))
    {
        BinaryPrimitives.WriteUInt32LittleEndian(answer[Rndis.HeaderSize..], RequestId(body));
        BinaryPrimitives.WriteUInt32LittleEndian(answer[(Rndis.HeaderSize + sizeof(uint))..], (uint)status);
        return Finish(answer, type, length);
    }

    private static int Finish(Span<byte> message, RndisMessageType type, int length, bool isAnswer = true)
    {
        int total = Rndis.HeaderSize + length;
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)(isAnswer ? type | RndisMessageType.Completion : type));
        BinaryPrimitives.WriteUInt32LittleEndian(message[sizeof(uint)..], (uint)total);
        return total;
    }
}
