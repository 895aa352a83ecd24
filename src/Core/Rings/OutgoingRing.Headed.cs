// A packet whose payload begins with a header of 8 bytes that is not in the caller's memory: what pipes write.

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

unsafe partial class OutgoingRing
{
    /// <summary>
    /// Writes one in-band packet, a header and data behind it, and publishes it: the common case of <c>TryWrite</c> without a batch.
    /// </summary>
    /// <param name="header">The first 8 bytes of the payload.</param>
    /// <param name="data">What follows; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="kept">Bytes of the ring that stay free.</param>
    /// <param name="need">Whether the reader must be signalled, and if not, why not.</param>
    /// <returns>
    /// <see langword="false"/> when it is not the common case; nothing was written. A batch then finds out whether there is room,
    /// and whether the ring can be written at all.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryWriteInPlace(ulong header, ReadOnlySpan<byte> data, uint kept, out SignalNeed need)
    {
        uint length = LengthOf(data.Length + sizeof(ulong));
        uint total = length + PacketTrailer.Size;
        uint at = _cursor.Next;
        if (total + kept > _room || ((int)_guard | _batchOpen) != 0)
        {
            need = SignalNeed.Nothing;
            return false;
        }

        uint next = Advance(at, total);
        byte* packet = _data + at;
        if ((data.Length & 7) != 0)
            Unsafe.WriteUnaligned(packet + length - 8, 0UL);
        Unsafe.WriteUnaligned(packet, PacketDescriptor.Pack(PacketType.DataInBand, PacketDescriptor.Size, length, PacketFlags.None));
        Unsafe.WriteUnaligned(packet + 8, 0UL);
        Unsafe.WriteUnaligned(packet + PacketDescriptor.Size, header);
        Unsafe.WriteUnaligned(packet + length, PacketTrailer.Pack(at));
        RingMemory.Copy(data, ref packet[PacketDescriptor.Size + sizeof(ulong)]);
        _cursor.Next = next;
        need = Publish(at, next);
        return true;
    }
}
