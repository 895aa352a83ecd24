using System.Runtime.InteropServices;

namespace VmBus.Core.Tests.Layout;

/// <summary>One zeroed, aligned page of native memory.</summary>
public sealed unsafe class PageMemory : IDisposable
{
    private byte* _page = (byte*)NativeMemory.AlignedAlloc(4096, 4096);

    public PageMemory() => Bytes.Clear();

    public nint Address => (nint)_page;

    public Span<byte> Bytes => new(_page, 4096);

    public ref T As<T>() where T : unmanaged => ref *(T*)_page;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_page);
        _page = null;
    }
}
