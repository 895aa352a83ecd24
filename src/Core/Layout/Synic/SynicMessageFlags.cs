// The flags of a SynIC message. Mirrors hv_message_flags (Linux include/asm-generic/hyperv-tlfs.h).

namespace VmBus.Layout;

/// <summary>The flags of a SynIC message: <c>hv_message_flags</c>.</summary>
[Flags]
public enum SynicMessageFlags : byte
{
    /// <summary>Nothing waits behind this message.</summary>
    None = 0,

    /// <summary><c>msg_pending</c>: another message waits for the slot; write EOM once the slot is empty.</summary>
    Pending = 1,
}
