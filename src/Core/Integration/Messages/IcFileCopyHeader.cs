// The head of a file copy message. Mirrors hv_fcopy_hdr (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The head of every file copy message: <c>hv_fcopy_hdr</c>, 36 bytes, after <see cref="IcMessageHeader"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcFileCopyHeader
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 36;

    /// <summary><c>operation</c>.</summary>
    public IcFileCopyOperation Operation;

    /// <summary><c>service_id0</c>: not used.</summary>
    public Guid ServiceId0;

    /// <summary><c>service_id1</c>: not used.</summary>
    public Guid ServiceId1;
}

// What a file copy message asks. Mirrors hv_fcopy_op (Linux include/uapi/linux/hyperv.h).
/// <summary>What a file copy message asks: <c>operation</c> of <see cref="IcFileCopyHeader"/>.</summary>
internal enum IcFileCopyOperation : uint
{
    /// <summary><c>START_FILE_COPY</c>: a file begins. See <see cref="IcFileCopyStart"/>.</summary>
    Start = 0,

    /// <summary><c>WRITE_TO_FILE</c>: a piece of it. See <see cref="IcFileCopyWrite"/>.</summary>
    Write = 1,

    /// <summary><c>COMPLETE_FCOPY</c>: it is whole. The header alone.</summary>
    Complete = 2,

    /// <summary><c>CANCEL_FCOPY</c>: it is given up. The header alone.</summary>
    Cancel = 3,
}

// A file begins. Mirrors hv_start_fcopy (Linux include/uapi/linux/hyperv.h).
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

// A name of a file copy: file_name and path_name of hv_start_fcopy (Linux include/uapi/linux/hyperv.h).
/// <summary>260 UTF-16 units: up to 259, then a zero. <c>W_MAX_PATH</c>.</summary>
[InlineArray(Length)]
internal struct IcFileCopyText
{
    /// <summary>How many units there are.</summary>
    public const int Length = 260;

    private ushort _unit0;
}

// A piece of a file. Mirrors hv_do_fcopy (Linux include/uapi/linux/hyperv.h).
/// <summary>The head of <see cref="IcFileCopyOperation.Write"/>: <c>hv_do_fcopy</c> up to its data, 52 bytes. The data follows.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct IcFileCopyWrite
{
    /// <summary>The size in bytes, the data not counted.</summary>
    public const int Size = 52;

    /// <summary>The most data of a message, in bytes: <c>DATA_FRAGMENT</c>.</summary>
    public const int MaxDataLength = 6 * 1024;

    /// <summary><c>hdr</c>.</summary>
    public IcFileCopyHeader Header;

    /// <summary><c>pad</c>.</summary>
    public uint Reserved;

    /// <summary><c>offset</c>: where in the file the data goes, in bytes.</summary>
    public ulong Offset;

    /// <summary><c>size</c>: bytes of data.</summary>
    public uint DataLength;
}
