using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>Our rings and our signaller, with what a guest's user space has: a monitor page and no hypercall.</summary>
internal sealed class OurEnd : IChannelEnd
{
    private readonly OutgoingRing _outgoing;
    private readonly IncomingRing _incoming;
    private readonly ChannelSignaler _signaler;
    private readonly int _burst;
    private bool _roomAwaited;

    public OurEnd(PeerRing send, PeerRing receive, Doorbell theirs, int burst, PeerTrust trust)
    {
        _outgoing = new OutgoingRing(send.Memory);
        _incoming = new IncomingRing(receive.Memory, new IncomingRingOptions { Trust = trust });
        _signaler = UserSpace.Signaller(theirs);
        _burst = burst;
    }

    public int Send(Traffic traffic, long from, long end)
        => _burst == 1 ? SendOne(traffic, from) : SendBurst(traffic, from, Math.Min(end, from + _burst));

    public int Receive(Traffic traffic, long from)
    {
        long next = from;
        using IncomingBatch batch = _incoming.ReadBatch();
        while (next < from + _burst && batch.TryNext(out RingPacket packet))
        {
            if (packet.Type != PacketType.DataInBand || packet.WantsCompletion != Traffic.WantsCompletion(next))
                Assert.Fail($"Packet {next} arrived with type {packet.Type} and flags {packet.Flags}.");
            traffic.Check(next++, packet.Payload, packet.TransactionId);
        }

        if (batch.Commit())
            _signaler.SignalRoom();
        return (int)(next - from);
    }

    public bool Arm(int payloadToSend, bool forPackets)
    {
        _roomAwaited = payloadToSend >= 0;
        return (_roomAwaited && _outgoing.RequestRoom(payloadToSend)) | (forPackets && _incoming.UnmaskInterrupt());
    }

    public void Disarm()
    {
        _incoming.MaskInterrupt();
        if (_roomAwaited)
            _outgoing.CancelRoomRequest();
    }

    private static PacketFlags Flags(long number)
        => Traffic.WantsCompletion(number) ? PacketFlags.CompletionRequested : PacketFlags.None;

    private int SendOne(Traffic traffic, long number)
    {
        bool written = _outgoing.TryWrite(traffic.Payload(number), Traffic.TransactionId(number), Flags(number), out SignalNeed need);
        _signaler.AfterWrite(need, Urgency.Normal, _outgoing, _incoming);
        return written ? 1 : 0;
    }

    private int SendBurst(Traffic traffic, long from, long end)
    {
        long next = from;
        using OutgoingBatch batch = _outgoing.BeginBatch();
        while (next < end && batch.TryAdd(traffic.Payload(next), Traffic.TransactionId(next), Flags(next)))
            next++;
        _signaler.AfterWrite(batch.Commit(), Urgency.Normal, _outgoing, _incoming);
        return (int)(next - from);
    }
}
