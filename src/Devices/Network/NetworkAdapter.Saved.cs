// An adapter whose bus is saved: how far its guest has negotiated, the buffers it gave, the packets it has, and the answers that it
// still has to be given.
//
//   u32 format, u32 version, i32 longest frame, bool initialized, u32 filter,
//   bool send buffer: u32 GPADL, i32 sections,
//   bool receive buffer: u32 GPADL, u16 set, i32 section, i32 sections, i32 packets, of each i32 count and i32 sections,
//   i32 answers, of each u64 transaction id, 40 bytes.
//
// What a version allows:
//
//   version       longest frame   buffers, RNDIS initialized, a filter
//   0, none yet   1514            no
//   1             1514            yes
//   2 and later   any             yes

using System.Text;

namespace VmBus.Devices;

partial class NetworkAdapter
{
    private const uint SavedFormat = 0x3141_574E;       // "NWA1"

    /// <summary>What another adapter of the same address needs to go on, after the bus was saved (<see cref="Hosting.HostBus.SaveAsync"/>).</summary>
    /// <returns>The state.</returns>
    /// <exception cref="InvalidOperationException">The channel is still being served: the bus was not saved.</exception>
    public byte[] SaveState()
    {
        if (Volatile.Read(ref _serving) is not null)
            throw new InvalidOperationException("The adapter's channel is still being served: save the bus first.");
        NetworkState state = _state;
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory, Encoding.UTF8);
        writer.Write(SavedFormat);
        writer.Write(state.Nvsp.Version);
        writer.Write(state.Nvsp.MaxFrame);
        writer.Write(state.Rndis.IsInitialized);
        writer.Write((uint)state.Rndis.Filter);
        writer.Write(state.Send is not null);
        if (state.Send is { } send)
        {
            writer.Write(send.Gpadl);
            writer.Write(send.Sections);
        }
        writer.Write(state.Receive is not null);
        if (state.Receive is { } receive)
        {
            writer.Write(receive.Gpadl);
            writer.Write(receive.SetId);
            writer.Write(receive.SectionSize);
            writer.Write(receive.SectionCount);
            List<int[]> packets = receive.GetPackets();
            writer.Write(packets.Count);
            foreach (int[] sections in packets)
            {
                writer.Write(sections.Length);
                foreach (int section in sections)
                    writer.Write(section);
            }
        }
        writer.Write(state.Untold.Count);
        foreach ((ulong transactionId, byte[] answer) in state.Untold)
        {
            writer.Write(transactionId);
            writer.Write(answer);
        }
        writer.Flush();
        return memory.ToArray();
    }

    /// <summary>
    /// Goes on where another was saved. Called before the adapter is offered to the restored bus.
    /// </summary>
    /// <param name="state">What <see cref="SaveState"/> gave.</param>
    /// <exception cref="ArgumentException">The state is no such state.</exception>
    public void RestoreState(ReadOnlySpan<byte> state)
    {
        using var reader = new BinaryReader(new MemoryStream(state.ToArray()), Encoding.UTF8);
        try
        {
            if (reader.ReadUInt32() != SavedFormat)
                throw new ArgumentException("This is not a saved state of a network adapter.", nameof(state));
            NetworkState restored = NewState();
            Read(reader, restored, state.Length);
            if (reader.BaseStream.Position != state.Length)
                throw new ArgumentException($"The saved state of a network adapter has {state.Length} bytes, of which {reader.BaseStream.Position} are valid.", nameof(state));
            _state = restored;
        }
        catch (EndOfStreamException)
        {
            throw new ArgumentException($"The saved state of a network adapter is truncated after {state.Length} bytes.", nameof(state));
        }
    }

    private static void Read(BinaryReader reader, NetworkState state, int length)
    {
        uint version = reader.ReadUInt32();
        int maxFrame = reader.ReadInt32();
        Require((version == 0 || Nvsp.IsKnown(version)) && maxFrame is >= EthernetFrame.MinLength and <= NvspProtocol.LongestFrame);
        state.Nvsp.Restore(version, maxFrame);
        bool isInitialized = reader.ReadBoolean();
        state.Rndis.Restore(isInitialized, (PacketFilter)reader.ReadUInt32());
        Require(version >= Nvsp.Version2 || maxFrame == NvspProtocol.DefaultMaxFrame);
        if (reader.ReadBoolean())
        {
            state.Send = (reader.ReadUInt32(), reader.ReadInt32());
            Require(state.Send.Value.Sections > 0);
        }
        if (reader.ReadBoolean())
            state.Receive = ReadReceiveBuffer(reader, length);
        Require(version != 0 || (!isInitialized && state is { Rndis.Filter: PacketFilter.None, Send: null, Receive: null }));
        int untold = reader.ReadInt32();
        Require(untold >= 0 && untold <= length / Nvsp.MessageSize);
        for (; untold > 0; untold--)
        {
            ulong transactionId = reader.ReadUInt64();
            byte[] answer = reader.ReadBytes(Nvsp.MessageSize);
            Require(answer.Length == Nvsp.MessageSize);
            state.Untold.Add((transactionId, answer));
        }
    }

    private static ReceiveBuffer ReadReceiveBuffer(BinaryReader reader, int length)
    {
        uint gpadl = reader.ReadUInt32();
        ushort setId = reader.ReadUInt16();
        int size = reader.ReadInt32(), count = reader.ReadInt32(), packets = reader.ReadInt32();
        Require(size is >= Rndis.LongestAnswer and <= NvspProtocol.LongestFrame + 1024 && count is > ReceiveBuffer.ControlSections and <= ReceiveBuffer.MaxSections && packets >= 0 && packets <= length / sizeof(int));
        var held = new List<int[]>(packets);
        for (; packets > 0; packets--)
        {
            int sections = reader.ReadInt32();
            Require(sections > 0 && sections <= length / sizeof(int));
            held.Add([.. Enumerable.Range(0, sections).Select(_ => reader.ReadInt32())]);
        }
        return new ReceiveBuffer(gpadl, setId, size, count, held);
    }

    private static void Require(bool isGood)
    {
        if (!isGood)
            throw new ArgumentException("The saved state of a network adapter is damaged.");
    }
}
