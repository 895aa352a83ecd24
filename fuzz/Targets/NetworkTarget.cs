using System.Buffers.Binary;
using System.Net;
using VmBus.Devices;

namespace VmBus.Fuzz;

/// <summary>
/// Packets of a hostile guest to a network adapter, without its ring: the negotiation, questions, frames, and completions of what it
/// was sent. Input: options (1 byte: negotiated already), then packets: kind (1 byte), length (2 bytes), and the bytes.
/// </summary>
public static class NetworkTarget
{
    /// <summary>The option: version 6.1 is agreed on, the adapter initialized.</summary>
    public const byte Negotiated = 1;

    /// <summary>Kinds of packets.</summary>
    public const byte Message = 0, Question = 1, Frames = 2, Send = 3, Complete = 4;

    private const int Sections = 40;

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        var nvsp = new NvspProtocol();
        var rndis = new RndisProtocol([0, 0x15, 0x5D, 1, 2, 3], new NetworkAdapterOptions(), new NetworkCounts());
        if ((options & Negotiated) != 0)
        {
            nvsp.Restore(Nvsp.Version61, NvspProtocol.DefaultMaxFrame);
            rndis.Restore(isInitialized: true, PacketFilter.Directed);
        }
        var sections = new SectionModel();
        while (!input.IsEmpty)
        {
            byte kind = input.Byte();
            ReadOnlySpan<byte> packet = input.Take(input.Byte() | input.Byte() << 8);
            switch (kind % 5)
            {
                case Message:
                    Handle(nvsp, packet);
                    break;
                case Question:
                    Ask(rndis, nvsp.Version, packet);
                    break;
                case Frames:
                    Cut(packet, nvsp.MaxFrame);
                    break;
                case Send:
                    sections.Send(packet.IsEmpty ? 1 : 1 + packet[0] % 32);
                    break;
                case Complete:
                    sections.Complete(packet.Length < sizeof(ulong) ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(packet));
                    break;
            }
        }
    }

    private static void Handle(NvspProtocol nvsp, ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Nvsp.HeaderSize)
            return;
        uint version = nvsp.Version;
        Span<byte> answer = stackalloc byte[Nvsp.MessageSize];
        answer.Clear();
        NvspAction action = nvsp.Handle(packet, answer, out _, out _);
        FindingException.Unless(version == 0 || nvsp.Version == version, "A version that was agreed on has changed.");
        FindingException.Unless(version != 0 || action is NvspAction.Answer or NvspAction.Reject, $"{action} before a version.");
        FindingException.Unless(nvsp.MaxFrame is >= EthernetFrame.MinLength and <= NvspProtocol.LongestFrame, $"A longest frame of {nvsp.MaxFrame} bytes.");
        FindingException.Unless(action != NvspAction.Reject || answer.IndexOfAnyExcept((byte)0) < 0, "What was rejected has an answer.");
    }

    private static void Ask(RndisProtocol rndis, uint version, ReadOnlySpan<byte> packet)
    {
        if (!RndisFrame.TryCut(ref packet))
            return;
        Span<byte> answer = stackalloc byte[Rndis.LongestAnswer];
        answer.Clear();
        int length = rndis.Handle(packet, isLinkUp: true, version, answer);
        FindingException.Unless(length <= answer.Length, $"An answer of {length} bytes.");
        FindingException.Unless(length <= 0 || BinaryPrimitives.ReadInt32LittleEndian(answer[4..]) == length, "An answer has another length than it says.");
        FindingException.Unless(length < 0 || answer[Math.Max(length, 0)..].IndexOfAnyExcept((byte)0) < 0, "There is something behind an answer.");
    }

    private static void Cut(ReadOnlySpan<byte> packet, int maxFrame)
    {
        var tagged = new byte[NvspProtocol.LongestFrame + EthernetFrame.TagLength];
        while (!packet.IsEmpty)
        {
            ReadOnlySpan<byte> message = packet;
            if (!RndisFrame.TryCut(ref message) || !RndisFrame.TryRead(message, maxFrame, out ReadOnlySpan<byte> frame, out ushort? tag))
                return;
            FindingException.Unless(frame.Length >= EthernetFrame.MinLength && frame.Length <= maxFrame + EthernetFrame.TagLength, $"A frame of {frame.Length} bytes, of {maxFrame}.");
            FindingException.Unless(message.Overlaps(frame), "A frame lies outside its message.");
            if (tag is { } vlan && frame.Length <= maxFrame)
            {
                EthernetFrame.InsertTag(frame, vlan, tagged);
                FindingException.Unless(tagged.AsSpan(16, frame.Length - 12).SequenceEqual(frame[12..]) && (ushort)IPAddress.NetworkToHostOrder(BitConverter.ToInt16(tagged, 14)) == vlan, "A tag has changed its frame.");
            }
            packet = packet[message.Length..];
        }
    }

    // Which sections the guest has, beside what the buffer says of it.
    private sealed class SectionModel
    {
        private readonly ReceiveBuffer _buffer = new(1, 2, 1600, Sections);
        private readonly Dictionary<ulong, int> _sent = [];
        private int _held;

        public void Send(int count)
        {
            var taken = new List<int>();
            while (taken.Count < count && _buffer.TryTake(isControl: false, out int section))
                taken.Add(section);
            FindingException.Unless(taken.Count == Math.Min(count, Sections - ReceiveBuffer.ControlSections - _held), $"{taken.Count} sections of {count} were free, with {_held} held.");
            FindingException.Unless(taken.TrueForAll(section => section is >= ReceiveBuffer.ControlSections and < Sections) && taken.Distinct().Count() == taken.Count, "A section was given twice, or is none.");
            if (taken.Count == 0)
                return;
            _sent.Add(_buffer.Join([.. taken]), taken.Count);
            _held += taken.Count;
        }

        public void Complete(ulong transactionId)
        {
            bool wasSent = _sent.Remove(transactionId, out int count);
            FindingException.Unless(_buffer.TryComplete(transactionId) == wasSent, $"Packet {transactionId} was {(wasSent ? "" : "not ")}sent.");
            _held -= count;
            FindingException.Unless(_buffer.GetPackets().Sum(packet => packet.Length) == _held, "The buffer counts other sections.");
        }
    }
}
