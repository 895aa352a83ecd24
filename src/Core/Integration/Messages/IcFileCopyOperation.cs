// What a file copy message asks. Mirrors hv_fcopy_op (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

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
