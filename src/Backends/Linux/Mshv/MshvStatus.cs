// What became of a hypercall that the kernel made for us. Mirrors hv_result_to_errno backwards (Linux drivers/hv/hv_common.c).

using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

internal static class MshvStatus
{
    /// <summary>
    /// The status of a call of which the kernel tells an errno only. It folds many statuses into few errnos; the one
    /// given back is the one that a signal or a message meets.
    /// </summary>
    /// <returns><see langword="null"/> when the errno says that no hypercall was made.</returns>
    public static HypercallStatus? Of(Errno error) => error switch
    {
        Errno.None => HypercallStatus.Success,
        Errno.InvalidArgument => HypercallStatus.InvalidConnectionId,
        Errno.OutOfMemory => HypercallStatus.InsufficientMemory,
        Errno.AccessDenied or Errno.OperationNotPermitted => HypercallStatus.AccessDenied,
        Errno.InputOutput => HypercallStatus.OperationDenied,
        Errno.NotSupported => HypercallStatus.InvalidHypercallCode,
        _ => null,
    };
}
