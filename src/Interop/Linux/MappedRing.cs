// One mapped ring: [guard][control page][data][data again][guard], or with the data once.
// Mirrors what hv_ringbuffer_init makes with vmap of the page list and the data pages again (Linux hv/ring_buffer.c).
//
// A map begins at a page of the kernel's. Where that is larger than the control page, the ring's neighbours in memory are mapped
// with it, and the data can come twice only if it begins and ends at pages of the kernel's:
//
//     memory, pages of 16 KiB   |  .  .  . ctrl | data data data data |
//     mapped                    |  .  .  . ctrl | data data data data | data data data data |

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// A mapped ring: a control page of 4096 bytes and its data, twice back to back or once. Made by
/// <see cref="MappedMemory.MapRing"/>, <see cref="MappedMemory.MapSingleRing"/> and <see cref="MappedMemory.MapScatteredRing"/>.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MappedRing : MappedMemory
{
    /// <summary>The size of the control page, in bytes: the page of VMBus, whatever the kernel's.</summary>
    public const int ControlSize = PageMath.VmBusPage;

    private readonly long _dataOffset;      // from the control page on

    private MappedRing(int lead, long dataOffset, int dataSize, int copies, int page) : base(dataOffset + (long)copies * dataSize, page, lead)
    {
        _dataOffset = dataOffset;
        DataSize = dataSize;
        IsDataMappedTwice = copies == 2;
    }

    /// <summary>The address of the control page; the same as <see cref="MappedMemory.Address"/>.</summary>
    /// <exception cref="ObjectDisposedException">The ring is unmapped.</exception>
    public nint ControlAddress => Address;

    /// <summary>The address of the first byte of data: directly behind the control page, unless the ring is scattered.</summary>
    /// <exception cref="ObjectDisposedException">The ring is unmapped.</exception>
    public nint DataAddress => Address + (nint)_dataOffset;

    /// <summary>The size of the data in bytes, counted once.</summary>
    public int DataSize { get; }

    /// <summary>
    /// Whether byte <see cref="DataSize"/> + k of the data is byte k again, for every k below
    /// <see cref="DataSize"/>. If not, the guard page follows the data directly, or the rest of the kernel's last page does.
    /// </summary>
    public bool IsDataMappedTwice { get; }

    internal static MappedRing Map(MemfdHandle memory, long offset, int dataSize, bool twice, int page)
    {
        PageMath.CheckLength(dataSize, nameof(dataSize));
        CheckInside(memory, offset, ControlSize + (long)dataSize);
        int lead = (int)(offset % page);
        twice &= (offset + ControlSize) % page == 0 && dataSize % page == 0;
        var ring = new MappedRing(lead, ControlSize, dataSize, twice ? 2 : 1, page);
        try
        {
            long once = lead + ControlSize + (long)dataSize;
            ring.Place(memory, offset - lead, 0, once, MemoryProtection.ReadWrite);
            if (twice)
                ring.Place(memory, offset + ControlSize, once, dataSize, MemoryProtection.ReadWrite);
            return ring;
        }
        catch
        {
            ring.Dispose();
            throw;
        }
    }

    internal static MappedRing? MapScattered(MemfdHandle memory, ReadOnlySpan<long> pageOffsets, int page)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageOffsets.Length, 2, nameof(pageOffsets));
        foreach (long offset in pageOffsets)
            CheckInside(memory, offset, ControlSize);
        ReadOnlySpan<long> data = pageOffsets[1..];
        int dataSize = checked(data.Length * ControlSize);
        bool twice = AreWholePages(data, page);
        if (!twice && RunFrom(data, 0) != data.Length)
            return null;
        int lead = (int)(pageOffsets[0] % page);
        int dataLead = (int)(data[0] % page);
        var ring = new MappedRing(lead, page - lead + dataLead, dataSize, twice ? 2 : 1, page);
        try
        {
            ring.Place(memory, pageOffsets[0] - lead, 0, lead + ControlSize, MemoryProtection.ReadWrite);
            // Pages that do lie one behind the other are mapped together: each mapping costs the kernel an entry.
            for (int first = 0; first < data.Length;)
            {
                int end = RunFrom(data, first);
                long at = page + first * (long)ControlSize, length = dataLead + (end - first) * (long)ControlSize;
                ring.Place(memory, data[first] - dataLead, at, length, MemoryProtection.ReadWrite);
                if (twice)
                    ring.Place(memory, data[first], at + dataSize, length, MemoryProtection.ReadWrite);
                first = end;
            }
            return ring;
        }
        catch
        {
            ring.Dispose();
            throw;
        }
    }

    // Whether the pages are pages of the kernel's, in whatever order those are.
    private static bool AreWholePages(ReadOnlySpan<long> offsets, int page)
    {
        int together = page / ControlSize;
        for (int i = 0; i < offsets.Length; i++)
        {
            if (offsets[i] % page != i % together * (long)ControlSize || (i % together != 0 && offsets[i] != offsets[i - 1] + ControlSize))
                return false;
        }
        return offsets.Length % together == 0;
    }

    // Where the pages that lie one behind the other from one of them on end.
    private static int RunFrom(ReadOnlySpan<long> offsets, int first)
    {
        int end = first + 1;
        while (end < offsets.Length && offsets[end] == offsets[end - 1] + ControlSize)
            end++;
        return end;
    }
}
