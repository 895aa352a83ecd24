// A SynIC event-flags page somewhere in shared memory. Mirrors synic_event_page (Linux drivers/hv/hyperv_vmbus.h).

namespace VmBus.Layout;

/// <summary>
/// A view over a raw <c>SynicEventFlagsPage</c>. It owns nothing: the code that mapped the page keeps it mapped for as
/// long as the view or its spans are used. Safe to use from any thread; change flags with <see cref="Interlocked"/> only.
/// </summary>
public readonly unsafe struct SynicEventFlagsPageView
{
    private readonly byte* _page;

    /// <summary>Creates a view over a page.</summary>
    /// <param name="address">Where the page is mapped; 4096 bytes, 8-byte aligned.</param>
    /// <exception cref="ArgumentException">The address is zero or not 8-byte aligned.</exception>
    public SynicEventFlagsPageView(nint address) => _page = PageAddress.Check(address);

    /// <summary>Where the page is mapped.</summary>
    public nint Address => (nint)_page;

    /// <summary>The flags of one SINT: 32 words, 2048 flags, flag n for relid n.</summary>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <returns>The words in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such SINT.</exception>
    public Span<ulong> Flags(int sint)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sint, (uint)SynicMsr.SintCount, nameof(sint));
        return new(_page + sint * SynicEventFlags.Size, SynicEventFlags.WordCount);
    }
}
