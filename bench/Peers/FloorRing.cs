using System.Runtime.InteropServices;

namespace VmBus.Peers;

/// <summary>One side of a ring as the floor keeps it. Mirrors <c>struct floor_ring</c> (native/floor.h).</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
public struct FloorRing
{
    /// <summary>Address of the control page.</summary>
    public nint Control;

    /// <summary>Address of the data area, mapped twice.</summary>
    public nint Data;

    /// <summary>Bytes in the data area, counted once.</summary>
    public uint Size;

    /// <summary>The index the other side knows.</summary>
    public uint Committed;

    /// <summary>Where the next packet goes or comes from.</summary>
    public uint Next;

    /// <summary>Bytes that may be written or read from there on.</summary>
    public uint Room;

    /// <summary>The read index that the writer's room stems from.</summary>
    public uint LastRead;

    /// <summary>The longest packet the reader takes.</summary>
    public uint MaxLength;
}
