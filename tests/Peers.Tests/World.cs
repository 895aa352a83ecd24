using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>
/// One ring with a writer and a reader, each either ours or DPDK's, driven by the same commands as other worlds: what
/// lies in the ring and in the two monitor pages must be the same after each.
/// </summary>
internal sealed class World : IDisposable
{
    private readonly byte[] _taken;
    private readonly PeerRing _idle = new(4096);
    private readonly IncomingRing _noAnswers;
    private readonly DpdkChannel? _dpdkWriter;
    private readonly DpdkChannel? _dpdkReader;
    private readonly OutgoingRing? _ourWriter;
    private readonly IncomingRing? _ourReader;
    private readonly ChannelSignaler _toReader;
    private readonly ChannelSignaler _toWriter;
    private int _takenLength;

    public World(DpdkLibrary library, bool ourWriter, bool ourReader, PeerRing ring, PeerTrust trust = PeerTrust.Trusted)
    {
        Name = $"{(ourWriter ? "our" : "DPDK's")} writer, {(ourReader ? "our" : "DPDK's")} reader";
        Ring = ring;
        _taken = new byte[ring.DataSize];
        _noAnswers = new IncomingRing(_idle.Memory);
        _toReader = UserSpace.Signaller(ToReader);
        _toWriter = UserSpace.Signaller(ToWriter);
        if (ourWriter)
            _ourWriter = new OutgoingRing(ring.Memory);
        else
            _dpdkWriter = new DpdkChannel(library, _idle.Dpdk, ring.Dpdk, ToReader.Address, Doorbell.MonitorId);
        if (ourReader)
            _ourReader = new IncomingRing(ring.Memory, new IncomingRingOptions { Trust = trust });
        else
            _dpdkReader = new DpdkChannel(library, ring.Dpdk, _idle.Dpdk, ToWriter.Address, Doorbell.MonitorId);
    }

    public string Name { get; }

    public PeerRing Ring { get; }

    /// <summary>The monitor page by which the writer signals packets.</summary>
    public Doorbell ToReader { get; } = new();

    /// <summary>The monitor page by which the reader signals room.</summary>
    public Doorbell ToWriter { get; } = new();

    /// <summary>What the last command took from the ring: ids and payloads.</summary>
    public ReadOnlySpan<byte> Taken => _taken.AsSpan(0, _takenLength);

    public bool IsEmpty => _ourReader is { } reader ? !reader.HasPackets : _dpdkReader!.IsReceiveEmpty;

    /// <summary>Sends one packet; returns whether there was room.</summary>
    public bool Send(ushort type, ReadOnlySpan<byte> payload, ulong id, bool wantsCompletion)
    {
        if (_ourWriter is null)
            return _dpdkWriter!.SendAndSignal(type, payload, id, wantsCompletion ? 1u : 0) == 0;

        SignalNeed need;
        bool sent = type == (ushort)PacketType.DataInBand
            ? _ourWriter.TryWrite(payload, id, Flags(wantsCompletion), out need)
            : _ourWriter.TryWrite(OutgoingPacket.Completion(payload, id), out need);
        _toReader.AfterWrite(need, Urgency.Normal, _ourWriter, _noAnswers);
        return sent;
    }

    /// <summary>Sends up to so many packets with one signal; returns how many there was room for.</summary>
    public int SendBurst(ReadOnlySpan<byte> payload, int count, ulong id)
    {
        int sent = 0;
        if (_ourWriter is null)
        {
            bool need = false;
            while (sent < count && _dpdkWriter!.Send(6, payload, id + (ulong)sent, 0, ref need) == 0)
                sent++;
            if (need)
                _dpdkWriter!.SignalSend();
            return sent;
        }

        using OutgoingBatch batch = _ourWriter.BeginBatch();
        while (sent < count && batch.TryAdd(payload, id + (ulong)sent))
            sent++;
        _toReader.AfterWrite(batch.Commit(), Urgency.Normal, _ourWriter, _noAnswers);
        return sent;
    }

    /// <summary>Takes one packet into a buffer of so many bytes; returns its length: -1 for none, larger when it does not fit.</summary>
    public int Receive(int room)
    {
        _takenLength = 0;
        int length;
        ulong id;
        bool taken;
        if (_ourReader is null)
        {
            int result = _dpdkReader!.Receive(_taken.AsSpan(8, room), out length, out id);
            taken = result == 0;
            if (result == DpdkLibrary.TryAgain)
                length = -1;
        }
        else
        {
            taken = _ourReader.TryRead(_taken.AsSpan(8, room), out length, out id, out bool writerNeedsSignal);
            if (writerNeedsSignal)
                _toWriter.SignalRoom();
        }

        if (taken)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_taken, id);
            _takenLength = 8 + length;
        }

        return length;
    }

    /// <summary>Takes up to so many packets with one signal; returns how many there were.</summary>
    public int ReceiveBurst(int count)
    {
        _takenLength = 0;
        int taken = 0;
        if (_ourReader is null)
        {
            int freed = 0;
            int result;
            while (taken < count && (result = _dpdkReader!.ReceiveRaw(_taken.AsSpan(_takenLength), out int length)) > 0)
            {
                freed += result;
                _takenLength += length;
                taken++;
            }

            if (freed != 0)
                _dpdkReader!.SignalRead((uint)freed);
            return taken;
        }

        using IncomingBatch batch = _ourReader.ReadBatch();
        while (taken < count && batch.TryNext(out RingPacket packet))
        {
            Span<byte> into = _taken.AsSpan(_takenLength);
            int length = 16 + packet.Payload.Length;
            BinaryPrimitives.WriteUInt64LittleEndian(into,
                (ulong)packet.Type | 2UL << 16 | (ulong)length / 8 << 32 | (ulong)packet.Flags << 48);
            BinaryPrimitives.WriteUInt64LittleEndian(into[8..], packet.TransactionId);
            packet.Payload.CopyTo(into[16..]);
            _takenLength += length;
            taken++;
        }

        if (batch.Commit())
            _toWriter.SignalRoom();
        return taken;
    }

    public void Mask(uint value)
    {
        if (_ourReader is { } reader && value == 1)
            reader.MaskInterrupt();
        else
            Ring.Control.InterruptMask = value;
    }

    /// <summary>Returns whether packets wait.</summary>
    public bool Unmask()
    {
        if (_ourReader is { } reader)
            return reader.UnmaskInterrupt();
        Interlocked.Exchange(ref Ring.Control.InterruptMask, 0);
        return !IsEmpty;
    }

    public void Dispose()
    {
        _dpdkWriter?.Dispose();
        _dpdkReader?.Dispose();
        Ring.Dispose();
        _idle.Dispose();
        ToReader.Dispose();
        ToWriter.Dispose();
    }

    private static PacketFlags Flags(bool wantsCompletion) => wantsCompletion ? PacketFlags.CompletionRequested : PacketFlags.None;
}
