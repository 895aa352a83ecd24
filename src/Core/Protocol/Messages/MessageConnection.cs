// The connections a guest posts its messages to. Mirrors VMBUS_MESSAGE_CONNECTION_ID and its kin
// (Linux include/linux/hyperv.h, drivers/hv/hyperv_vmbus.h).

namespace VmBus.Protocol;

/// <summary>The connections a guest posts its messages to before the host has chosen one.</summary>
internal static class MessageConnection
{
    /// <summary><c>VMBUS_MESSAGE_CONNECTION_ID</c>: before 5.0.</summary>
    public const uint Legacy = 1;

    /// <summary><c>VMBUS_MESSAGE_CONNECTION_ID_4</c>: the first contact from 5.0 on.</summary>
    public const uint Contact = 4;

    /// <summary><c>VMBUS_MESSAGE_CONNECTION_ID_REDIRECT</c>: what VTL 2 tries before <see cref="Contact"/>.</summary>
    public const uint Redirect = 0x800074;
}
