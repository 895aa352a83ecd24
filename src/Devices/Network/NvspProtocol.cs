// What is negotiated over an adapter's channel. What the worker's primary state is to OpenVMM (netvsp); the guest's side is
// netvsc_connect_vsp (Linux drivers/net/hyperv/netvsc.c). No I/O, no clock: a message in, an answer out.
//
//   INIT, until a version is known ─► NDIS_CONFIG (from version 2), NDIS_VERSION ─► receive buffer, send buffer ─► RNDIS packets

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace VmBus.Devices;

/// <summary>What a message asks of the device.</summary>
internal enum NvspAction
{
    /// <summary>No more than the answer, where the message wants one.</summary>
    Answer,

    /// <summary>To use the receive buffer, and then be told.</summary>
    UseReceiveBuffer,

    /// <summary>To use the send buffer, and then be told.</summary>
    UseSendBuffer,

    /// <summary>To use the receive buffer no more.</summary>
    RevokeReceiveBuffer,

    /// <summary>To use the send buffer no more.</summary>
    RevokeSendBuffer,

    /// <summary>To deal with an RNDIS packet.</summary>
    Rndis,

    /// <summary>Nothing: it is none of the protocol, or not now.</summary>
    Reject,
}

/// <summary>The state of a negotiation. Calls come from one thread at a time.</summary>
internal sealed class NvspProtocol
{
    /// <summary>The frame that a guest of version 1, which says nothing of it, may send and wants: an MTU of 1500.</summary>
    public const int DefaultMaxFrame = 1514;

    /// <summary>The longest frame there is: an MTU of 65521, as Linux's adapter can have.</summary>
    public const int LongestFrame = 65535;

    /// <summary>The version that was agreed on; 0 before.</summary>
    public uint Version { get; private set; }

    /// <summary>The longest frame of the guest, its head of 14 bytes with it and a VLAN tag without.</summary>
    public int MaxFrame { get; private set; } = DefaultMaxFrame;

    /// <summary>Goes on where another was saved.</summary>
    public void Restore(uint version, int maxFrame)
    {
        Version = version;
        MaxFrame = maxFrame;
    }

    /// <summary>Deals with a message.</summary>
    /// <param name="message">The message, at least its type: the caller's own copy.</param>
    /// <param name="answer">The answer, <see cref="Nvsp.MessageSize"/> bytes of zeros: filled where the device has nothing to add.</param>
    /// <param name="buffer">The buffer it is about.</param>
    /// <param name="packet">The RNDIS packet it carries.</param>
    public NvspAction Handle(ReadOnlySpan<byte> message, Span<byte> answer, out NvspBuffer buffer, out NvspRndisPacket packet)
    {
        buffer = default;
        packet = default;
        var type = MemoryMarshal.Read<NvspMessageType>(message);
        ReadOnlySpan<byte> body = message[Nvsp.HeaderSize..];
        if (Version == 0)
            return type == NvspMessageType.Init ? Negotiate(body, answer) : NvspAction.Reject;
        switch (type)
        {
            case NvspMessageType.SendRndisPacket:
                return TryRead(body, NvspRndisPacket.Size, out packet) ? NvspAction.Rndis : NvspAction.Reject;
            case NvspMessageType.SendNdisVersion:
                return NvspAction.Answer;
            case NvspMessageType.SendNdisConfig when Version >= Nvsp.Version2:
                return Configure(body);
            case NvspMessageType.SendReceiveBuffer:
                return TryRead(body, NvspBuffer.Size, out buffer) ? NvspAction.UseReceiveBuffer : NvspAction.Reject;
            case NvspMessageType.SendSendBuffer:
                return TryRead(body, NvspBuffer.Size, out buffer) ? NvspAction.UseSendBuffer : NvspAction.Reject;
            case NvspMessageType.RevokeReceiveBuffer:
                return NvspAction.RevokeReceiveBuffer;
            case NvspMessageType.RevokeSendBuffer:
                return NvspAction.RevokeSendBuffer;
            case NvspMessageType.SwitchDataPath when Version >= Nvsp.Version4:
                // There is no other path, and Linux waits for the answer to this alone.
                return NvspAction.Answer;
            case NvspMessageType.Subchannel when Version >= Nvsp.Version5:
                Write(answer, NvspMessageType.Subchannel, new NvspSubchannelComplete { Status = NvspStatus.Fail });
                return NvspAction.Answer;
            default:
                return NvspAction.Reject;
        }
    }

    /// <summary>Writes a message.</summary>
    public static void Write<T>(Span<byte> message, NvspMessageType type, in T body) where T : unmanaged
    {
        MemoryMarshal.Write(message, in type);
        MemoryMarshal.Write(message[Nvsp.HeaderSize..], in body);
    }

    private NvspAction Negotiate(ReadOnlySpan<byte> body, Span<byte> answer)
    {
        if (!TryRead(body, NvspInit.Size, out NvspInit asked))
            return NvspAction.Reject;
        // Linux asks for one version at a time, from its newest down.
        bool isKnown = Nvsp.IsKnown(asked.MaxVersion) && asked.MinVersion <= asked.MaxVersion;
        if (isKnown)
            Version = asked.MaxVersion;
        Write(answer, NvspMessageType.InitComplete, new NvspInitComplete
        {
            Version = isKnown ? asked.MaxVersion : uint.MaxValue,       // NVSP_INVALID_PROTOCOL_VERSION
            MaxMdlChainLength = isKnown ? 34u : 0,                      // as Hyper-V says
            Status = isKnown ? NvspStatus.Success : NvspStatus.Fail,
        });
        return NvspAction.Answer;
    }

    private NvspAction Configure(ReadOnlySpan<byte> body)
    {
        if (!TryRead(body, NvspNdisConfig.Size, out NvspNdisConfig config) || config.MaxFrame is < EthernetFrame.MinLength or > LongestFrame)
            return NvspAction.Reject;
        MaxFrame = (int)config.MaxFrame;
        return NvspAction.Answer;
    }

    private static bool TryRead<T>(ReadOnlySpan<byte> body, int size, [MaybeNullWhen(false)] out T value) where T : unmanaged
    {
        value = default;
        if (body.Length < size)
            return false;
        value = MemoryMarshal.Read<T>(body);
        return true;
    }
}
