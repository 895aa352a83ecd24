// A name of a file copy: file_name and path_name of hv_start_fcopy (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>260 UTF-16 units: up to 259, then a zero. <c>W_MAX_PATH</c>.</summary>
[InlineArray(Length)]
internal struct IcFileCopyText
{
    /// <summary>How many units there are.</summary>
    public const int Length = 260;

    private ushort _unit0;
}
