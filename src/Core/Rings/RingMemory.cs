// The memory of one ring: a control page and a data area, wherever they lie. Mirrors hv_ring_buffer_info's
// ring_buffer and ring_datasize (Linux include/linux/hyperv.h).

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using VmBus.Layout;

namespace VmBus;

/// <summary>
/// A view of one ring in shared memory: a control page of 4096 bytes and a data area of a whole number of pages.
/// </summary>
/// <remarks>
/// <para>The view does not map or unmap anything: the code that mapped the memory owns it, keeps it mapped for as long as a
/// ring uses it, and unmaps it. The view only keeps <see cref="Owner"/> reachable.</para>
/// <para>When <see cref="IsDoubleMapped"/>, the data area appears twice, back to back, so that no packet wraps.</para>
/// </remarks>
public sealed unsafe class RingMemory
{
    /// <summary>Bytes in a page. The control page is one page.</summary>
    public const int PageSize = 4096;

    /// <summary>The largest data area: 1 GiB, so that twice an index still fits in 32 bits.</summary>
    public const int MaxDataSize = 1 << 30;

    // Up to this many bytes blocks are faster than the runtime's copy, a call into the C library: always up to the first, and
    // where the C library has no string instruction made for it up to the second. Measured: 66 against 46 ns for 4096 bytes with
    // ERMS (Zen 5, which is even at 8192), 180 against 155 for 4096 without (Zen 1).
    private const int MostBlocksAnywhere = 2048;
    private static readonly int MostBlocks = HasFastStrings ? 4096 : 65536;

    // ERMS, leaf 7 of CPUID, EBX bit 9. Not measured on other architectures: taken as such.
    private static bool HasFastStrings => !X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7 || (X86Base.CpuId(7, 0).Ebx & 1 << 9) != 0;

    private RingMemory(nint control, nint data, int dataSize, bool doubleMapped, object? owner)
    {
        if (control == 0 || (control & 7) != 0)
            throw new ArgumentException($"The control page is at 0x{control:x}; it must be 8-byte aligned and not null.", nameof(control));
        if (data == 0 || (data & 7) != 0)
            throw new ArgumentException($"The data area is at 0x{data:x}; it must be 8-byte aligned and not null.", nameof(data));
        CheckDataSize(dataSize);

        ControlPage = (RingControlPage*)control;
        Data = (byte*)data;
        DataSize = dataSize;
        IsDoubleMapped = doubleMapped;
        Owner = owner;
    }

    /// <summary>Bytes in the data area, counted once even if it is mapped twice. A multiple of <see cref="PageSize"/>.</summary>
    public int DataSize { get; }

    /// <summary>Whether the data area is mapped twice, back to back.</summary>
    public bool IsDoubleMapped { get; }

    /// <summary>The object that keeps the memory mapped, if any.</summary>
    public object? Owner { get; }

    internal RingControlPage* ControlPage { get; }

    internal byte* Data { get; }

    internal RingControl Control => new(ControlPage);

    /// <summary>
    /// Allocates a ring in pinned managed memory, mapped once: for tests, benchmarks, and rings within one process.
    /// </summary>
    /// <param name="dataSize">Bytes in the data area: a multiple of <see cref="PageSize"/>.</param>
    /// <returns>A zeroed ring.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is not a multiple of a page, or out of range.</exception>
    public static RingMemory Allocate(int dataSize)
    {
        CheckDataSize(dataSize);
        byte[] block = GC.AllocateArray<byte>(checked(dataSize + 2 * PageSize), pinned: true);
        fixed (byte* start = block)
        {
            nint control = ((nint)start + PageSize - 1) & ~(nint)(PageSize - 1);
            return new RingMemory(control, control + PageSize, dataSize, doubleMapped: false, block);
        }
    }

    /// <summary>Creates a view of a ring in memory that other code mapped.</summary>
    /// <param name="controlAddress">Address of the control page (4096 bytes).</param>
    /// <param name="dataAddress">Address of the data area: <paramref name="dataSize"/> bytes, twice that when double-mapped.</param>
    /// <param name="dataSize">Bytes in the data area: a multiple of <see cref="PageSize"/>.</param>
    /// <param name="isDoubleMapped">Whether the data area is mapped twice, back to back.</param>
    /// <param name="owner">An object to keep reachable as long as this view; can be <see langword="null"/>.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentException">An address is null or not 8-byte aligned.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size is not a multiple of a page, or out of range.</exception>
    public static RingMemory FromAddress(nint controlAddress, nint dataAddress, int dataSize, bool isDoubleMapped, object? owner = null)
        => new(controlAddress, dataAddress, dataSize, isDoubleMapped, owner);

    /// <summary>Copies out of the data area, around its end where it is mapped once. Debug builds check the bounds.</summary>
    internal void CopyOut(uint index, Span<byte> destination)
    {
        Debug.Assert(index < DataSize && destination.Length < DataSize);
        int first = (int)Math.Min((uint)destination.Length, (uint)DataSize - index);
        new ReadOnlySpan<byte>(Data + index, first).CopyTo(destination);
        new ReadOnlySpan<byte>(Data, destination.Length - first).CopyTo(destination[first..]);
    }

    /// <summary>Copies into the data area, around its end where it is mapped once. Debug builds check the bounds.</summary>
    internal void CopyIn(uint index, ReadOnlySpan<byte> source)
    {
        Debug.Assert(index < DataSize && source.Length < DataSize);
        int first = (int)Math.Min((uint)source.Length, (uint)DataSize - index);
        source[..first].CopyTo(new Span<byte>(Data + index, first));
        source[first..].CopyTo(new Span<byte>(Data, source.Length - first));
    }

    /// <summary>
    /// Copies a payload from or to where it lies in one piece. A few blocks are copied here: a call of the runtime's copy
    /// costs as much as they do. Long ones are left to it: it knows the processor's own way.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(ReadOnlySpan<byte> source, ref byte destination)
    {
        ref byte from = ref MemoryMarshal.GetReference(source);
        nuint length = (nuint)(uint)source.Length;
        if (length > 64)
        {
            if (length > 256)
            {
                CopyLong(ref from, ref destination, length);
                return;
            }

            // Between the ends, blocks that each lie within a cache line of the ring: one that crosses is stored twice.
            nuint end = length - 32;
            Vector256<byte> last = Vector256.LoadUnsafe(ref from, end);
            Vector256.LoadUnsafe(ref from).StoreUnsafe(ref destination);
            for (nuint i = 32 - ((nuint)Unsafe.AsPointer(ref destination) & 31); i < end; i += 32)
                Vector256.LoadUnsafe(ref from, i).StoreUnsafe(ref destination, i);
            last.StoreUnsafe(ref destination, end);
        }
        else if (length > 32)
        {
            Vector256<byte> last = Vector256.LoadUnsafe(ref from, length - 32);
            Vector256.LoadUnsafe(ref from).StoreUnsafe(ref destination);
            last.StoreUnsafe(ref destination, length - 32);
        }
        else if (length >= 16)
        {
            Vector128<byte> last = Vector128.LoadUnsafe(ref from, length - 16);
            Vector128.LoadUnsafe(ref from).StoreUnsafe(ref destination);
            last.StoreUnsafe(ref destination, length - 16);
        }
        else if (length >= 8)
        {
            ulong last = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, length - 8));
            Unsafe.WriteUnaligned(ref destination, Unsafe.ReadUnaligned<ulong>(ref from));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, length - 8), last);
        }
        else
        {
            for (nuint i = 0; i < length; i++)
                Unsafe.Add(ref destination, i) = Unsafe.Add(ref from, i);
        }
    }

    /// <summary>The first block and the last as they come, and between them blocks that each fill a cache line of the ring.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyLong(ref byte from, ref byte to, nuint length)
    {
        if (length > MostBlocksAnywhere && length > (nuint)MostBlocks)
        {
            MemoryMarshal.CreateReadOnlySpan(ref from, (int)length).CopyTo(MemoryMarshal.CreateSpan(ref to, (int)length));
            return;
        }

        nuint end = length - 64;
        Vector512<byte> last = Vector512.LoadUnsafe(ref from, end);
        Vector512.LoadUnsafe(ref from).StoreUnsafe(ref to);
        for (nuint i = 64 - ((nuint)Unsafe.AsPointer(ref to) & 63); i < end; i += 64)
            Vector512.LoadUnsafe(ref from, i).StoreUnsafe(ref to, i);
        last.StoreUnsafe(ref to, end);
    }

    private static void CheckDataSize(int dataSize)
    {
        if (dataSize is < PageSize or > MaxDataSize || dataSize % PageSize != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(dataSize), dataSize,
                $"A ring's data area is a multiple of {PageSize} bytes, from {PageSize} to {MaxDataSize}.");
        }
    }
}
