// A file begins. Mirrors hv_start_fcopy (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The body of <see cref="IcFileCopyOperation.Start"/>: <c>hv_start_fcopy</c>, 1088 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcFileCopyStart
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 1088;

    /// <summary><c>hdr</c>.</summary>
    public IcFileCopyHeader Header;

    /// <summary><c>file_name</c>, without its folder.</summary>
    public IcFileCopyText FileName;

    /// <summary><c>path_name</c>: the folder.</summary>
    public IcFileCopyText PathName;

    /// <summary><c>copy_flags</c>.</summary>
    public IcFileCopyFlags Flags;

    /// <summary><c>file_size</c>: bytes of the file.</summary>
    public ulong FileSize;
}
