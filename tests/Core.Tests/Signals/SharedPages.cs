using VmBus.Layout;

namespace VmBus.Core.Tests.Signals;

/// <summary>A monitor page and an interrupt page in pinned memory, between pages that must stay as they are.</summary>
internal sealed unsafe class SharedPages
{
    private const byte Untouched = 0xA5;

    private readonly byte[] _block = GC.AllocateArray<byte>(6 * 4096, pinned: true);
    private readonly byte* _pages;

    public SharedPages()
    {
        fixed (byte* block = _block)
            _pages = (byte*)(((nint)block + 4095) & ~(nint)4095);
        new Span<byte>(_pages, 5 * 4096).Fill(Untouched);
        MonitorBytes.Clear();
        InterruptBytes.Clear();
    }

    public MonitorPageView MonitorPage => new((nint)(_pages + 4096));

    public InterruptPageView InterruptPage => new((nint)(_pages + 3 * 4096));

    public Span<byte> MonitorBytes => new(_pages + 4096, 4096);

    public Span<byte> InterruptBytes => new(_pages + 3 * 4096, 4096);

    /// <summary>Whether anything beside the two pages was written.</summary>
    public bool SurroundingsAreUntouched
        => new Span<byte>(_pages, 4096).IndexOfAnyExcept(Untouched) < 0
            && new Span<byte>(_pages + 2 * 4096, 4096).IndexOfAnyExcept(Untouched) < 0
            && new Span<byte>(_pages + 4 * 4096, 4096).IndexOfAnyExcept(Untouched) < 0;
}
