// What a PC tells its kernel of its memory. Mirrors the E820 table of every PC's firmware (QEMU hw/i386/pc.c, pc_memory_init).

using VmBus.Hosting;

namespace VmBus.Kvm;

/// <summary>The places of a PC's memory: where a <see cref="GuestAddressMap"/> has them, but for what is reserved below 1 MiB.</summary>
internal sealed class MemoryLayout
{
    // What a PC has had there since it had 640 KiB: the BIOS's data, video memory, ROMs. ACPI's tables lie in it.
    private const ulong LowMemoryEnd = 0x9_FC00;
    private const ulong HighMemory = 0x10_0000;

    /// <summary>Lays memory out.</summary>
    /// <param name="size">Bytes in all: whole pages, from 1 MiB on.</param>
    public MemoryLayout(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(size, HighMemory);
        IReadOnlyList<GuestAddressMap.Slot> slots = new GuestAddressMap(size).Slots;
        LowEnd = slots[0].Length;
        Entries =
        [
            new Entry(0, LowMemoryEnd, IsUsable: true),
            new Entry(LowMemoryEnd, HighMemory, IsUsable: false),
            new Entry(HighMemory, LowEnd, IsUsable: true),
            .. slots.Skip(1).Select(slot => new Entry(slot.GuestAddress, slot.GuestAddress + slot.Length, IsUsable: true)),
        ];
    }

    /// <summary>The guest's address map: the E820 table. Addresses outside it have no memory.</summary>
    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>Where the memory below 4 GiB ends, which is where a kernel and its initial disk are loaded.</summary>
    public ulong LowEnd { get; }

    /// <summary>A line of the table.</summary>
    /// <param name="Start">Its first address.</param>
    /// <param name="End">The address behind its last.</param>
    /// <param name="IsUsable">Whether it is memory to use, or reserved.</param>
    internal readonly record struct Entry(ulong Start, ulong End, bool IsUsable);
}
