// The 8 bytes that end each packet. Mirrors the u64 that hv_ringbuffer_write appends (Linux drivers/hv/ring_buffer.c).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// The trailer that ends each packet in a ring: 8 bytes, not counted in <see cref="PacketDescriptor.Length8"/>.
/// Read as one little-endian <see langword="ulong"/> it is the packet's start shifted left by 32.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct PacketTrailer
{
    /// <summary>The size of a trailer in bytes.</summary>
    public const int Size = 8;

    /// <summary>Zero.</summary>
    public uint Reserved;

    /// <summary>The writer's index before this packet: where the packet starts, in bytes from the start of the ring's data.</summary>
    public uint WriteIndex;

    /// <summary>The trailer of a packet that starts at an index, as the word to store.</summary>
    /// <param name="oldWriteIndex">Where the packet starts, in bytes from the start of the ring's data.</param>
    /// <returns>The trailer as one little-endian word.</returns>
    public static ulong Pack(uint oldWriteIndex) => (ulong)oldWriteIndex << 32;
}
