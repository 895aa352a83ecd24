// The memory calls of kernel32.dll and kernelbase.dll.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

[SupportedOSPlatform("windows")]
internal static unsafe partial class Kernel32
{
    public const uint PageNoAccess = 0x01;
    public const uint PageReadWrite = 0x04;
    public const uint SectionCommit = 0x0800_0000;
    public const uint MapWrite = 2;
    public const uint MapRead = 4;
    public const uint Reserve = 0x2000;
    public const uint ReservePlaceholder = 0x4_0000;
    public const uint ReplacePlaceholder = 0x4000;
    public const uint Release = 0x8000;
    public const uint PreservePlaceholder = 2;
    public const nint CurrentProcess = -1;
    public const nint PagingFile = -1;

    private const DllImportSearchPath Where = DllImportSearchPath.System32;

    [LibraryImport("kernel32.dll", EntryPoint = "CreateFileMappingW", SetLastError = true), DefaultDllImportSearchPaths(Where)]
    internal static partial nint CreateSection(nint file, nint security, uint protection, uint sizeHigh, uint sizeLow, nint name);

    [LibraryImport("kernel32.dll", EntryPoint = "MapViewOfFile", SetLastError = true), DefaultDllImportSearchPaths(Where)]
    internal static partial nint MapView(SafeHandle section, uint access, uint offsetHigh, uint offsetLow, nuint size);

    [LibraryImport("kernel32.dll", EntryPoint = "UnmapViewOfFile", SetLastError = true), DefaultDllImportSearchPaths(Where)]
    internal static partial int UnmapView(nint address);

    [LibraryImport("kernel32.dll", EntryPoint = "VirtualFree", SetLastError = true), DefaultDllImportSearchPaths(Where)]
    internal static partial int Free(nint address, nuint size, uint type);

    // Windows 10 1803 and later.
    [LibraryImport("kernelbase.dll", EntryPoint = "VirtualAlloc2", SetLastError = true), DefaultDllImportSearchPaths(Where)]
    internal static partial nint Allocate2(nint process, nint address, nuint size, uint type, uint protection, void* parameters, uint count);

    [LibraryImport("kernelbase.dll", EntryPoint = "MapViewOfFile3", SetLastError = true), DefaultDllImportSearchPaths(Where)]
    internal static partial nint MapView3(SafeHandle section, nint process, nint address, ulong offset, nuint size, uint type, uint protection, void* parameters, uint count);
}
