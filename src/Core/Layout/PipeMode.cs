// What a pipe-mode channel carries. Mirrors VMBUS_PIPE_TYPE_* (Linux include/linux/hyperv.h).

namespace VmBus.Layout;

/// <summary>What a pipe-mode channel carries: <c>pipe_mode</c> of <c>PipeOfferData</c>.</summary>
public enum PipeMode : uint
{
    /// <summary><c>VMBUS_PIPE_TYPE_BYTE</c>: a stream of bytes.</summary>
    Byte = 0,

    /// <summary><c>VMBUS_PIPE_TYPE_MESSAGE</c>: messages with boundaries.</summary>
    Message = 4,
}
