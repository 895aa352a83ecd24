// Where a reserved packet lies until it is published when it would wrap in a ring that is mapped once.

namespace VmBus;

/// <summary>A packet's bytes out of the ring, and the index they belong at. Kept by the ring and used again.</summary>
internal sealed class WrappedReservation
{
    private byte[] _buffer = [];

    /// <summary>Where in the ring the packet begins.</summary>
    public uint Index { get; private set; }

    /// <summary>Bytes of the packet with its trailer; 0 when there is none.</summary>
    public int Length { get; private set; }

    /// <summary>The packet.</summary>
    public Span<byte> Bytes => _buffer.AsSpan(0, Length);

    /// <summary>Makes room for a packet. At most one packet of a batch can wrap, so one place is enough.</summary>
    public static WrappedReservation Rent(WrappedReservation? kept, uint index, int length)
    {
        WrappedReservation reservation = kept ?? new WrappedReservation();
        if (reservation._buffer.Length < length)
            reservation._buffer = GC.AllocateUninitializedArray<byte>(length);
        reservation.Index = index;
        reservation.Length = length;
        return reservation;
    }

    /// <summary>Forgets the packet and keeps the memory.</summary>
    public void Clear() => Length = 0;
}
