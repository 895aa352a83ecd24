// The two kinds of page. VMBus counts in 4096 bytes whatever the machine; a map begins and ends at pages of the kernel's, which
// on arm64 may be 16 or 64 KiB.

using System.Runtime.Versioning;

namespace VmBus.Interop;

[SupportedOSPlatform("linux")]
internal static class PageMath
{
    /// <summary>Bytes of a page of VMBus.</summary>
    internal const int VmBusPage = 4096;

    /// <summary>Bytes of a page of the kernel's.</summary>
    internal static int PageSize { get; } = Environment.SystemPageSize;

    internal static void CheckLength(long length, string parameter)
    {
        if (length <= 0 || length % VmBusPage != 0)
            throw new ArgumentException($"A length of {length} bytes is not a positive multiple of the page size, {VmBusPage}.", parameter);
    }

    internal static void CheckOffset(long offset, string parameter) => CheckOffset(offset, VmBusPage, parameter);

    /// <summary>For what the kernel maps from an offset as it is.</summary>
    internal static void CheckKernelOffset(long offset, string parameter) => CheckOffset(offset, PageSize, parameter);

    private static void CheckOffset(long offset, int page, string parameter)
    {
        if (offset < 0 || offset % page != 0)
            throw new ArgumentException($"An offset of {offset} bytes is not a multiple of the page size, {page}.", parameter);
    }
}
