using System.Runtime.Versioning;

namespace VmBus.Fuzz;

/// <summary>
/// Reads what a writer wrote and holds it against what it was told was written: each packet's payload is filled with
/// its number. Leaves as soon as other code touches the indices.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class HonestReader
{
    private readonly FuzzRing _ring;
    private readonly IncomingRing? _reader;
    private byte _expected;     // the number of the next packet to come out
    private byte _committed;    // the number of the first packet not published
    private byte _next;         // the number of the next packet to be written

    /// <summary>Takes part when the ring starts out empty.</summary>
    public HonestReader(FuzzRing ring)
    {
        _ring = ring;
        if (ring.Load(FuzzRing.ReadIndex) != ring.Load(FuzzRing.WriteIndex))
            return;
        _reader = new IncomingRing(ring.Memory);
        Stays = true;
    }

    public bool Stays { get; private set; }

    public byte Next => _next;

    public void Leave() => Stays = false;

    public void Added(bool added, bool batched)
    {
        if (!added)
            return;
        _next++;
        if (!batched)
            _committed = _next;
    }

    public void Committed() => _committed = _next;

    public void Reverted() => _next = _committed;

    public void Drain()
    {
        if (!Stays)
            return;
        using IncomingBatch batch = _reader!.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
        {
            FindingException.Unless(_expected != _committed, $"A packet more than was published, number {packet.TransactionId}.");
            FindingException.Unless(packet.TransactionId == _expected, $"Packet {packet.TransactionId} where {_expected} was next.");
            ReadOnlySpan<byte> payload = packet.Payload;
            int wrong = payload.IndexOfAnyExcept(_expected);
            FindingException.Unless(wrong < 0 || (payload.Length - wrong < 8 && payload[wrong..].IndexOfAnyExcept((byte)0) < 0),
                $"Byte {wrong} of {payload.Length} of packet {_expected} is another's.");
            _expected++;
        }

        batch.Commit();
        FindingException.Unless(_expected == _committed, $"Packets {_expected} to {_committed} were published and are gone.");
        FindingException.Unless(_ring.Load(FuzzRing.ReadIndex) == _ring.Load(FuzzRing.WriteIndex), "Drained, and yet the indices differ.");
    }
}
