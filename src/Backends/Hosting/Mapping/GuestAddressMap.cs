// Where a guest finds its memory, and where that lies in the memory of its host. Mirrors what every PC does (QEMU hw/i386/pc.c,
// pc_memory_init): devices have the last gigabyte below 4 GiB, and the memory whose place that was is above.

namespace VmBus.Hosting;

/// <summary>
/// The guest physical addresses of so much memory: one piece, or two around the hole below 4 GiB. A range of addresses that is
/// memory lies in one piece in the host's as well: none reaches over the hole.
/// </summary>
internal sealed class GuestAddressMap
{
    /// <summary>Where the hole begins.</summary>
    public const ulong HoleStart = 0xC000_0000;

    /// <summary>Where it ends.</summary>
    public const ulong HoleEnd = 0x1_0000_0000;

    // An array: what is asked for each access allocates no enumerator.
    private readonly Slot[] _slots;

    /// <summary>Lays memory out.</summary>
    /// <param name="size">Bytes in all.</param>
    public GuestAddressMap(ulong size) => _slots = size <= HoleStart
        ? [new Slot(0, 0, size)]
        : [new Slot(0, 0, HoleStart), new Slot(HoleEnd, HoleStart, size - HoleStart)];

    /// <summary>The pieces, from the lowest address on. In the host's memory each lies behind the one before.</summary>
    public IReadOnlyList<Slot> Slots => _slots;

    /// <summary>Finds memory.</summary>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="length">How many bytes, which may be none.</param>
    /// <param name="offset">Where in the host's memory they begin.</param>
    /// <returns><see langword="false"/> when not all of them are memory.</returns>
    public bool TryFind(ulong gpa, int length, out long offset)
    {
        foreach (Slot slot in _slots)
        {
            ulong into = gpa - slot.GuestAddress;
            if (gpa < slot.GuestAddress || into > slot.Length || length < 0 || (ulong)length > slot.Length - into)
                continue;
            offset = (long)(slot.Offset + into);
            return true;
        }
        offset = 0;
        return false;
    }

    /// <summary>The guest physical address of what lies somewhere in the host's memory.</summary>
    public ulong AddressOf(long offset)
    {
        Slot slot = Array.FindLast(_slots, one => one.Offset <= (ulong)offset);
        return slot.GuestAddress + ((ulong)offset - slot.Offset);
    }

    /// <summary>Memory that lies in one piece for the guest.</summary>
    /// <param name="GuestAddress">Where the guest finds it.</param>
    /// <param name="Offset">Where in the memory of the host it begins.</param>
    /// <param name="Length">How many bytes.</param>
    internal readonly record struct Slot(ulong GuestAddress, ulong Offset, ulong Length);
}
