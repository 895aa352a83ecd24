// One mapped ring: [guard][control page][data][data again][guard], or with the data once.
// Mirrors what hv_ringbuffer_init makes with vmap of the page list and the data pages again (Linux hv/ring_buffer.c).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// A mapped ring: a control page of 4096 bytes followed by its data, twice back to back or once. Made by
/// <see cref="MappedMemory.MapRing"/> and <see cref="MappedMemory.MapSingleRing"/>.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MappedRing : MappedMemory
{
    /// <summary>The size of the control page, in bytes: the page of VMBus, whatever the kernel's.</summary>
    public const int ControlSize = 4096;

    private MappedRing(int dataSize, int copies) : base(ControlSize + (long)copies * dataSize)
    {
        DataSize = dataSize;
        IsDataMappedTwice = copies == 2;
    }

    /// <summary>The address of the control page; the same as <see cref="MappedMemory.Address"/>.</summary>
    /// <exception cref="ObjectDisposedException">The ring is unmapped.</exception>
    public nint ControlAddress => Address;

    /// <summary>The address of the first byte of data, directly behind the control page.</summary>
    /// <exception cref="ObjectDisposedException">The ring is unmapped.</exception>
    public nint DataAddress => Address + ControlSize;

    /// <summary>The size of the data in bytes, counted once.</summary>
    public int DataSize { get; }

    /// <summary>
    /// Whether byte <see cref="DataSize"/> + k of the data is byte k again, for every k below
    /// <see cref="DataSize"/>. If not, the guard page follows the data directly.
    /// </summary>
    public bool IsDataMappedTwice { get; }

    internal static MappedRing Map(MemfdHandle memory, long offset, int dataSize, int copies)
    {
        CheckPageSize();
        PageMath.CheckLength(dataSize, nameof(dataSize));
        CheckInside(memory, offset, ControlSize + (long)dataSize);
        var ring = new MappedRing(dataSize, copies);
        try
        {
            ring.Place(memory, offset, 0, ControlSize + (long)dataSize, MemoryProtection.ReadWrite);
            if (copies == 2)
                ring.Place(memory, offset + ControlSize, ControlSize + (long)dataSize, dataSize, MemoryProtection.ReadWrite);
            return ring;
        }
        catch
        {
            ring.Dispose();
            throw;
        }
    }

    internal static MappedRing MapScattered(MemfdHandle memory, ReadOnlySpan<long> pageOffsets)
    {
        CheckPageSize();
        ArgumentOutOfRangeException.ThrowIfLessThan(pageOffsets.Length, 2, nameof(pageOffsets));
        foreach (long offset in pageOffsets)
            CheckInside(memory, offset, ControlSize);
        int dataSize = checked((pageOffsets.Length - 1) * ControlSize);
        var ring = new MappedRing(dataSize, copies: 2);
        try
        {
            // Pages that do lie one behind the other are mapped together: each mapping costs the kernel an entry.
            for (int first = 0; first < pageOffsets.Length;)
            {
                int end = first + 1;
                while (first > 0 && end < pageOffsets.Length && pageOffsets[end] == pageOffsets[end - 1] + ControlSize)
                    end++;
                long length = (end - first) * (long)ControlSize;
                ring.Place(memory, pageOffsets[first], first * (long)ControlSize, length, MemoryProtection.ReadWrite);
                if (first > 0)
                    ring.Place(memory, pageOffsets[first], first * (long)ControlSize + dataSize, length, MemoryProtection.ReadWrite);
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

    private static void CheckPageSize()
    {
        if (PageMath.PageSize != ControlSize)
        {
            throw new PlatformNotSupportedException(
                $"Data behind a control page of {ControlSize} bytes cannot be mapped on its own: the kernel's pages are {PageMath.PageSize} bytes.");
        }
    }
}
