// The head of a file copy message. Mirrors hv_fcopy_hdr (Linux include/uapi/linux/hyperv.h).

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
