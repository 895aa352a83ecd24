using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>A ring as a queue of packets and a few numbers, run beside a real one; every difference fails.</summary>
internal sealed class RingModel : IDisposable
{
    private const int Size = 4096;

    private readonly RingHistory _history;
    private readonly RingFixture _fixture;
    private readonly Queue<PacketSpec> _packets = new();
    private OutgoingRing _writer;
    private IncomingRing _reader;
    private uint _write;
    private uint _read;
    private bool _masked;
    private int _pending;
    private OutgoingRingStatistics _sent;
    private IncomingRingStatistics _received;
    private bool _full;

    public RingModel(RingHistory history)
    {
        _history = history;
        _fixture = new RingFixture(history.Form).StandAt(history.StartAt);
        _fixture.Data.Fill(0xEE);
        _write = _read = history.StartAt;
        _writer = _fixture.Writer(history.MultiProducer);
        _reader = _fixture.Reader(history.Trust);
    }

    private int Free => Size - 8 - _packets.Sum(p => p.RingLength);

    public void Dispose() => _fixture.Dispose();

    public void Run(RingCommand command)
    {
        switch (command)
        {
            case RingCommand.Write write:
                bool fits = TryModel(write.Packet, 0);
                Assert.Equal(fits, write.Packet.TryWrite(_writer, out SignalNeed need));
                Assert.Equal(fits ? Publish([write.Packet]) : SignalNeed.Nothing, need);
                break;
            case RingCommand.Batch batch:
                Run(batch);
                break;
            case RingCommand.Read read:
                Run(read);
                break;
            case RingCommand.ReadBatch batch:
                Run(batch);
                break;
            case RingCommand.Mask:
                _reader.MaskInterrupt();
                _masked = true;
                break;
            case RingCommand.Unmask:
                Assert.Equal(_packets.Count > 0, _reader.UnmaskInterrupt());
                _masked = false;
                break;
            case RingCommand.RequestRoom request:
                int total = (request.PayloadLength + 7) / 8 * 8 + 24;
                bool room = Free >= total;
                Assert.Equal(room, _writer.RequestRoom(request.PayloadLength));
                _pending = room ? 0 : Math.Max(total, Size / 4);
                break;
            case RingCommand.CancelRoomRequest:
                _writer.CancelRoomRequest();
                _pending = 0;
                break;
            case RingCommand.Reopen:
                _writer = _fixture.Writer(_history.MultiProducer);
                _reader = _fixture.Reader(_history.Trust);
                _sent = default;
                _received = default;
                _full = false;
                _pending = 0;
                break;
        }

        Assert.Equal((_write, _read), (_fixture.Control.WriteIndex, _fixture.Control.ReadIndex));
        Assert.Equal((_masked ? 1u : 0u, (uint)_pending), (_fixture.Control.InterruptMask, _fixture.Control.PendingSendSize));
        Assert.Equal(_sent, _writer.GetStatistics());
        Assert.Equal(_received, _reader.GetStatistics());
        Assert.Equal(_packets.Count > 0, _reader.HasPackets);
    }

    private void Run(RingCommand.Batch command)
    {
        var added = new List<PacketSpec>();
        using OutgoingBatch batch = _writer.BeginBatch();
        foreach (RingCommand.BatchStep step in command.Steps)
        {
            switch (step.Kind)
            {
                case RingCommand.StepKind.Add:
                    Assert.Equal(TryModel(step.Packet, Used(added)), step.Packet.TryAdd(batch));
                    if (!_full)
                        added.Add(step.Packet);
                    break;
                case RingCommand.StepKind.Reserve:
                    PacketSpec packet = PacketSpec.InBand(step.Packet.Payload.Length, step.Packet.TransactionId) with { Flags = step.Packet.Flags };
                    bool fits = TryModel(packet, Used(added));
                    Assert.Equal(fits, batch.TryReserve(packet.Payload.Length, out Span<byte> payload, packet.TransactionId, packet.Flags));
                    if (!fits)
                        break;
                    packet.Payload.CopyTo(payload);
                    added.Add(packet);
                    break;
                default:
                    batch.Revert();
                    added.Clear();
                    break;
            }
        }

        if (command.Commit)
        {
            SignalNeed need = batch.Commit();
            Assert.Equal(added.Count > 0 ? Publish(added) : SignalNeed.Nothing, need);
        }
    }

    private void Run(RingCommand.Read command)
    {
        byte[] buffer = new byte[command.BufferLength];
        bool taken = _reader.TryRead(buffer, out int length, out ulong id, out bool signal);
        if (!_packets.TryPeek(out PacketSpec? packet))
        {
            Assert.Equal((false, -1, 0ul, false), (taken, length, id, signal));
            return;
        }

        Assert.Equal((packet.PaddedPayload.Length, packet.TransactionId), (length, id));
        Assert.Equal(length <= buffer.Length, taken);
        if (taken)
        {
            Assert.Equal(packet.PaddedPayload, buffer[..length]);
            Assert.Equal(Take(1), signal);
        }
    }

    private void Run(RingCommand.ReadBatch command)
    {
        using IncomingBatch batch = _reader.ReadBatch();
        int taken = 0;
        foreach (PacketSpec packet in _packets.Take(command.Packets))
        {
            Assert.True(batch.TryNext(out RingPacket read));
            packet.AssertIs(read);
            taken++;
        }

        if (taken < command.Packets)
            Assert.False(batch.TryNext(out _));
        if (command.Commit)
            Assert.Equal(taken > 0 && Take(taken), batch.Commit());
    }

    private static int Used(List<PacketSpec> added) => added.Sum(p => p.RingLength);

    private bool TryModel(PacketSpec packet, int alreadyUsed)
    {
        bool fits = packet.RingLength <= Free - alreadyUsed;
        if (!fits)
            _sent = _sent with { FullTotal = _sent.FullTotal + 1, FullFirst = _sent.FullFirst + (_full ? 0 : 1) };
        _full = !fits;
        return fits;
    }

    private SignalNeed Publish(List<PacketSpec> packets)
    {
        bool wasEmpty = _packets.Count == 0;
        foreach (PacketSpec packet in packets)
        {
            Assert.Equal(packet.Encode(_write), OutgoingRingTests.Around(_fixture, _write, packet.RingLength));
            _packets.Enqueue(packet);
            _write = (_write + (uint)packet.RingLength) % Size;
            _sent = _sent with { Packets = _sent.Packets + 1, Bytes = _sent.Bytes + packet.RingLength };
        }

        if (_masked)
        {
            _sent = _sent with { Masked = _sent.Masked + 1 };
            return SignalNeed.Masked;
        }

        _sent = wasEmpty ? _sent with { Required = _sent.Required + 1 } : _sent with { NotEmpty = _sent.NotEmpty + 1 };
        return wasEmpty ? SignalNeed.Required : SignalNeed.NotEmpty;
    }

    /// <summary>Takes packets out; says whether the writer was waiting for just this room.</summary>
    private bool Take(int packets)
    {
        int before = Free;
        int bytes = 0;
        for (int i = 0; i < packets; i++)
            bytes += _packets.Dequeue().RingLength;
        _read = (_read + (uint)bytes) % Size;
        bool signal = _pending != 0 && before < _pending && Free >= _pending;
        _received = new IncomingRingStatistics(
            _received.Packets + packets, _received.Bytes + bytes, _received.Commits + 1, _received.WriterSignals + (signal ? 1 : 0));
        return signal;
    }
}
