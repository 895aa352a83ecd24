// What a hostile other side of a channel may do: every packet that the format has, with contents by chance, and every word of
// shared memory that it may write.

using System.Runtime.InteropServices;

namespace VmBus.Testing;

/// <summary>
/// Sends hostile packets on any channel, and corrupts its rings. The same seed repeats the same actions if the channel behaves
/// the same. Use it on one thread.
/// </summary>
public sealed class HostilePeer
{
    private const int Remembered = 8;

    private readonly Queue<string> _did = new();
    private readonly int _seed;

    /// <summary>Creates a peer.</summary>
    /// <param name="seed">The seed of its random numbers.</param>
    public HostilePeer(int seed)
    {
        _seed = seed;
        Random = new Random(seed);
    }

    internal Random Random { get; }

    /// <summary>
    /// Sends one packet that is valid for the ring but possibly unexpected for the device: of any type, with random contents,
    /// lengths, transaction ids and page ranges.
    /// </summary>
    /// <param name="channel">The hostile end.</param>
    /// <returns><see langword="false"/> when the ring has no room for it, or the channel has ended.</returns>
    public bool Send(VmBusChannel channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        byte[] payload = new byte[Length(channel.Outgoing.MaxPayloadLength)];
        Random.NextBytes(payload);
        ulong id = Random.Next(3) switch { 0 => 0, 1 => (ulong)Random.Next(4), _ => (ulong)Random.NextInt64() };
        int kind = Random.Next(6);
        try
        {
            bool sent = kind switch
            {
                0 => channel.TrySend(OutgoingPacket.InBand(payload, id)),
                1 or 2 => channel.TrySend(OutgoingPacket.Request(payload, id)),
                3 => channel.TrySend(OutgoingPacket.Completion(payload, id)),
                4 => SendPages(channel, payload, id),
                _ => SendTransferPages(channel, payload, id),
            };
            if (sent)
                Note($"{Names[kind]} of {payload.Length} bytes, id 0x{id:x}");
            return sent;
        }
        catch (Exception ended) when (ended is ObjectDisposedException or RingCorruptException)
        {
            return false;
        }
    }

    /// <summary>Discards all available packets without inspecting them.</summary>
    /// <param name="channel">The hostile end.</param>
    public static void Drain(VmBusChannel channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        try
        {
            using ChannelReadBatch batch = channel.ReadBatch();
            while (batch.TryNext(out _))
            {
            }
            batch.Commit();
        }
        catch (Exception ended) when (ended is ObjectDisposedException or RingCorruptException)
        {
            // An end of the channel is an end of the packets, too.
        }
    }

    /// <summary>
    /// Writes invalid values to the ring: an invalid index, a random descriptor, a mask, a request for room. Most of them fault
    /// the channel of the other end.
    /// </summary>
    /// <param name="channel">The hostile end. It can also be faulted afterwards.</param>
    public void Spoil(VmBusChannel channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        RingMemory outgoing = channel.Outgoing.Memory, incoming = channel.Incoming.Memory;
        uint word = Random.Next(3) switch { 0 => uint.MaxValue, 1 => (uint)Random.Next(outgoing.DataSize), _ => (uint)Random.NextInt64(1L << 32) };
        switch (Random.Next(5))
        {
            case 0:
                Note($"write index 0x{word:x}");
                outgoing.Control.PublishWriteIndex(word);
                break;
            case 1:
                Note($"read index 0x{word:x}");
                incoming.Control.PublishReadIndex(word);
                break;
            case 2:
                Note($"interrupt mask 0x{word:x}");
                incoming.Control.ExchangeInterruptMask(word);
                break;
            case 3:
                Note($"pending send size 0x{word:x}");
                outgoing.Control.ExchangePendingSendSize(word);
                break;
            default:
                SpoilDescriptor(outgoing, word);
                break;
        }
        // Whatever was written, the other side is told to look.
        channel.Signaler.Signal(Urgency.Urgent);
    }

    /// <summary>The last actions, oldest first, for the message of a failed test.</summary>
    public override string ToString() => $"(seed {_seed}) {(_did.Count == 0 ? "nothing" : string.Join("; ", _did))}";

    private static readonly string[] Names = ["in-band packet", "request", "request", "completion", "pages by address", "transfer pages"];

    // Short ones mostly; empty, odd and the longest, too.
    private int Length(int most) => Random.Next(10) switch
    {
        0 => 0,
        1 => Math.Min(most, ushort.MaxValue) / 2,
        2 => Random.Next(Math.Min(most, 4096)),
        _ => Random.Next(Math.Min(most, 128)),
    };

    private bool SendPages(VmBusChannel channel, byte[] payload, ulong id)
    {
        byte[] buffer = new byte[512];
        var header = new GpaDirectHeaderWriter(buffer);
        for (int ranges = Random.Next(1, 4); ranges > 0; ranges--)
        {
            uint offset = (uint)Random.Next(4096), count = (uint)Random.Next(3 * 4096);
            ulong[] pages = new ulong[(offset + count + 4095) / 4096];
            Random.NextBytes(MemoryMarshal.AsBytes(pages.AsSpan()));
            if (Random.Next(2) == 0)
                Array.Fill(pages, (ulong)Random.Next(256));    // memory that the guest has, the same page again and again
            header.AddRange(count, offset, pages);
        }
        return channel.TrySend(OutgoingPacket.GpaDirect(header, payload, id));
    }

    private bool SendTransferPages(VmBusChannel channel, byte[] payload, ulong id)
    {
        byte[] buffer = new byte[512];
        var header = new TransferPageHeaderWriter(buffer, (ushort)Random.Next(ushort.MaxValue + 1));
        for (int ranges = Random.Next(1, 4); ranges > 0; ranges--)
            header.AddRange((uint)Random.NextInt64(1L << 32), (uint)Random.NextInt64(1L << 32));
        return channel.TrySend(OutgoingPacket.TransferPages(header, payload, id));
    }

    // A descriptor by chance where the next packet would be, published.
    private void SpoilDescriptor(RingMemory ring, uint word)
    {
        uint write = ring.Control.LoadWriteIndex();
        if (write >= ring.DataSize || (write & 7) != 0)
            return;
        Span<byte> descriptor = stackalloc byte[16];
        Random.NextBytes(descriptor);
        ring.CopyIn(write, descriptor);
        uint next = (write + 8 * (word % 64 + 1)) % (uint)ring.DataSize;
        Note($"a descriptor {Convert.ToHexString(descriptor)}, published to 0x{next:x}");
        ring.Control.PublishWriteIndex(next);
    }

    private void Note(string what)
    {
        if (_did.Count == Remembered)
            _did.Dequeue();
        _did.Enqueue(what);
    }
}
