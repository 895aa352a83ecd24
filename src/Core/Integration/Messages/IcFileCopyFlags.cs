// How a file is to be put down. Mirrors OVER_WRITE and CREATE_PATH (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>How a file is to be put down: <c>copy_flags</c> of <see cref="IcFileCopyStart"/>.</summary>
[Flags]
internal enum IcFileCopyFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>OVER_WRITE</c>: a file of that name is replaced.</summary>
    Overwrite = 1,

    /// <summary><c>CREATE_PATH</c>: folders that are missing are made.</summary>
    CreatePath = 2,
}
