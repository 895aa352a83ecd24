// A packet of the guest while it is dealt with: its own copy, the memory it names, and the answer. Made once, used again and again.

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices;

/// <summary>One of a channel's packets. The transmitting thread's.</summary>
/// <param name="memory">The guest's memory.</param>
internal sealed class SentPacket(IGuestMemory memory)
{
    private readonly byte[] _message = new byte[Nvsp.MessageSize];
    private readonly byte[] _answer = new byte[Nvsp.MessageSize];
    private int _length;

    /// <summary>The guest's number of the packet.</summary>
    public ulong TransactionId { get; private set; }

    /// <summary>Whether the guest waits for the answer.</summary>
    public bool WantsCompletion { get; private set; }

    /// <summary>The message.</summary>
    public ReadOnlySpan<byte> Message => _message.AsSpan(0, _length);

    /// <summary>The memory that a GPA-direct packet names.</summary>
    public GuestBuffer Buffer { get; } = new(memory);

    /// <summary>Whether what it names is memory that can be.</summary>
    public bool IsBufferGood { get; private set; }

    /// <summary>The answer: of zeros, until it is filled.</summary>
    public Span<byte> Answer => _answer;

    /// <summary>Takes a packet out of its ring.</summary>
    /// <returns><see langword="false"/> when it is none of the protocol: too short for a type.</returns>
    public bool TryTake(scoped in RingPacket packet)
    {
        ReadOnlySpan<byte> payload = packet.Payload;
        if (payload.Length < Nvsp.HeaderSize)
            return false;
        TransactionId = packet.TransactionId;
        WantsCompletion = packet.WantsCompletion;
        _length = Math.Min(payload.Length, _message.Length);
        payload[.._length].CopyTo(_message);
        IsBufferGood = Buffer.Assign(packet.Type == PacketType.DataUsingGpaDirect ? packet.GpaRanges : default);
        _answer.AsSpan().Clear();
        return true;
    }

    /// <summary>Answers an RNDIS packet.</summary>
    public void SetStatus(NvspStatus status) => NvspProtocol.Write(_answer, NvspMessageType.SendRndisPacketComplete, in status);
}
