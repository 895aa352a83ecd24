// Checks that lengths and offsets handed to mmap are whole pages.

using System.Runtime.Versioning;

namespace VmBus.Interop;

[SupportedOSPlatform("linux")]
internal static class PageMath
{
    // The kernel's page, which on arm64 may be 16 or 64 KiB. The page of VMBus is always 4096 bytes.
    internal static int PageSize { get; } = Environment.SystemPageSize;

    internal static void CheckLength(long length, string parameter)
    {
        if (length <= 0 || length % PageSize != 0)
            throw new ArgumentException($"A length of {length} bytes is not a positive multiple of the page size, {PageSize}.", parameter);
    }

    internal static void CheckOffset(long offset, string parameter)
    {
        if (offset < 0 || offset % PageSize != 0)
            throw new ArgumentException($"An offset of {offset} bytes is not a multiple of the page size, {PageSize}.", parameter);
    }
}
