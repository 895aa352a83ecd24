// How a channel wants its interrupts. Mirrors OpenChannelFlags (OpenVMM vmbus_core protocol.rs).

namespace VmBus.Protocol;

/// <summary>The flags of <see cref="OpenChannel2"/>.</summary>
[Flags]
internal enum OpenChannelFlags : ushort
{
    /// <summary>Interrupts go where the connection said.</summary>
    None = 0,

    /// <summary>Interrupts go to the redirected VTL and SINT, when the host redirects.</summary>
    RedirectInterrupt = 1,
}
