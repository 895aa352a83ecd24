// Where a PC's memory lies in the addresses of its guest. Mirrors what every PC does (QEMU hw/i386/pc.c, pc_memory_init): devices have the last
// gigabyte below 4 GiB, and the memory whose place that was is above.

namespace VmBus.Kvm;

/// <summary>The places of a guest's memory: one, or two around the hole below 4 GiB.</summary>
internal sealed class MemoryLayout
{
    /// <summary>Where the hole begins.</summary>
    public const ulong HoleStart = 0xC000_0000;

    /// <summary>Where it ends.</summary>
    public const ulong HoleEnd = 0x1_0000_0000;

    // What a PC has had there since it had 640 KiB: the BIOS's data, video memory, ROMs. ACPI's tables lie in it.
    private const ulong LowMemoryEnd = 0x9_FC00;
    private const ulong HighMemory = 0x10_0000;

    /// <summary>Lays memory out.</summary>
    /// <param name="size">Bytes in all: whole pages, from 1 MiB on.</param>
    public MemoryLayout(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(size, HighMemory);
        Slots = SlotsOf(size);
        LowEnd = Slots[0].Length;
        Entries =
        [
            new Entry(0, LowMemoryEnd, IsUsable: true),
            new Entry(LowMemoryEnd, HighMemory, IsUsable: false),
            new Entry(HighMemory, LowEnd, IsUsable: true),
            .. Slots.Skip(1).Select(slot => new Entry(slot.GuestAddress, slot.GuestAddress + slot.Length, IsUsable: true)),
        ];
    }

    /// <summary>The slots, from the lowest address on.</summary>
    public IReadOnlyList<Slot> Slots { get; }

    /// <summary>What the guest is told of its addresses: the E820 table. What it does not name is no memory.</summary>
    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>Where the memory below 4 GiB ends, which is where a kernel and its initial disk are loaded.</summary>
    public ulong LowEnd { get; }

    /// <summary>The slots of so much memory, of a guest that is no PC as well.</summary>
    public static IReadOnlyList<Slot> SlotsOf(ulong size) =>
        size <= HoleStart ? [new Slot(0, 0, size)] : [new Slot(0, 0, HoleStart), new Slot(HoleEnd, HoleStart, size - HoleStart)];

    /// <summary>Memory that lies in one piece for the guest.</summary>
    /// <param name="GuestAddress">Where the guest finds it.</param>
    /// <param name="Offset">Where in the memory of the host it begins.</param>
    /// <param name="Length">How many bytes.</param>
    internal readonly record struct Slot(ulong GuestAddress, ulong Offset, ulong Length);

    /// <summary>A line of the table.</summary>
    /// <param name="Start">Its first address.</param>
    /// <param name="End">The address behind its last.</param>
    /// <param name="IsUsable">Whether it is memory to use, or reserved.</param>
    internal readonly record struct Entry(ulong Start, ulong End, bool IsUsable);
}
