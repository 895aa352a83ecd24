// A SynIC message page somewhere in shared memory. Mirrors synic_message_page (Linux drivers/hv/hyperv_vmbus.h).

namespace VmBus.Layout;

/// <summary>
/// A view over a raw <see cref="SynicMessagePage"/>. It owns nothing: the code that mapped the page keeps it mapped for as
/// long as the view or its references are used. A message's type is the slot's lock: the sender writes it last, the
/// receiver clears it last.
/// </summary>
internal readonly unsafe struct SynicMessagePageView
{
    private readonly byte* _page;

    /// <summary>Makes a view over a page.</summary>
    /// <param name="address">Where the page is mapped; 4096 bytes, 8-byte aligned.</param>
    /// <exception cref="ArgumentException">The address is zero or not 8-byte aligned.</exception>
    public SynicMessagePageView(nint address) => _page = PageAddress.Check(address);

    /// <summary>Where the page is mapped.</summary>
    public nint Address => (nint)_page;

    /// <summary>The slot of one SINT.</summary>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <returns>The message in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such SINT.</exception>
    public ref SynicMessage Slot(int sint)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sint, (uint)SynicMsr.SintCount, nameof(sint));
        return ref *(SynicMessage*)(_page + sint * SynicMessage.Size);
    }
}
