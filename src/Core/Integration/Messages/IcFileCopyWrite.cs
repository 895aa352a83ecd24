// A piece of a file. Mirrors hv_do_fcopy (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

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
