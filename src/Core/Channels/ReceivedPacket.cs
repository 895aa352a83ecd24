// A packet out of its ring: a pooled copy that lives as long as its owner wants.

using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance.Buffers;
using VmBus.Layout;

namespace VmBus;

/// <summary>A received packet, in a pooled buffer. Dispose it to return the buffer to the pool.</summary>
/// <remarks>If it is not disposed, the pool loses a buffer; there is no other effect. Use it from one thread at a time.</remarks>
public sealed class ReceivedPacket : IDisposable
{
    private readonly ulong _descriptor;
    private MemoryOwner<byte>? _bytes;

    internal ReceivedPacket(scoped in RingPacket packet)
    {
        _descriptor = packet.Descriptor;
        TransactionId = packet.TransactionId;
        _bytes = MemoryOwner<byte>.Allocate(packet.Length);
        packet.CopyTo(_bytes.Span);
    }

    /// <summary>The packet's type.</summary>
    public PacketType Type => (PacketType)PacketDescriptor.TypeIn(_descriptor);

    /// <summary>The transaction id. A completion has the id of the request that it answers.</summary>
    public ulong TransactionId { get; }

    /// <summary>Whether the sender waits for a completion with this packet's transaction id.</summary>
    public bool WantsCompletion => Packet.WantsCompletion;

    /// <summary>The payload with its padding: a multiple of 8 bytes.</summary>
    /// <exception cref="ObjectDisposedException">The packet was disposed.</exception>
    public ReadOnlyMemory<byte> Payload => Bytes.Memory[RingPacket.OffsetIn(_descriptor)..];

    /// <summary>The packet as a batch returns it, including the ranges of a GPA-direct or transfer-page packet.</summary>
    /// <exception cref="ObjectDisposedException">The packet was disposed.</exception>
    public RingPacket Packet => new(ref MemoryMarshal.GetReference(Bytes.Span), _descriptor, TransactionId);

    /// <summary>Bytes of memory it takes.</summary>
    internal int Length => Bytes.Length;

    /// <summary>Returns the buffer to the pool.</summary>
    public void Dispose()
    {
        _bytes?.Dispose();
        _bytes = null;
    }

    private MemoryOwner<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_bytes is null, this);
            return _bytes;
        }
    }
}
