// An interrupt page somewhere in shared memory. Mirrors recv_int_page and send_int_page (Linux drivers/hv/connection.c).

namespace VmBus.Layout;

/// <summary>
/// A view over a raw <see cref="InterruptPage"/>. It owns nothing: the code that mapped the page keeps it mapped for as long
/// as the view or its spans are used. Bit n of a half is relid n. Safe to use from any thread; change bits with
/// <see cref="Interlocked"/> only.
/// </summary>
public readonly unsafe struct InterruptPageView
{
    private readonly byte* _page;

    /// <summary>Creates a view over a page.</summary>
    /// <param name="address">Where the page is mapped; 4096 bytes, 8-byte aligned.</param>
    /// <exception cref="ArgumentException">The address is zero or not 8-byte aligned.</exception>
    public InterruptPageView(nint address) => _page = PageAddress.Check(address);

    /// <summary>Where the page is mapped.</summary>
    public nint Address => (nint)_page;

    /// <summary>The half from guest to host: 256 words, 16384 bits.</summary>
    public Span<ulong> Send => new(_page + InterruptPage.SendOffset, InterruptPage.WordsPerHalf);

    /// <summary>The half from host to guest: 256 words, 16384 bits.</summary>
    public Span<ulong> Receive => new(_page + InterruptPage.ReceiveOffset, InterruptPage.WordsPerHalf);
}
