// The body of a request to shut down. Mirrors shutdown_msg_data (Linux include/linux/hyperv.h).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The body of an <see cref="IcMessageType.Shutdown"/> message: <c>shutdown_msg_data</c>, 2060 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcShutdown
{
    /// <summary>The size of the body in bytes.</summary>
    public const int Size = 2060;

    /// <summary><c>reason_code</c>: Windows' <c>SHTDN_REASON_*</c>; see <see cref="PlannedReason"/>.</summary>
    public uint ReasonCode;

    /// <summary><c>timeout_seconds</c>: how long the guest may take; 0 for no limit.</summary>
    public uint TimeoutSeconds;

    /// <summary><c>flags</c>.</summary>
    public IcShutdownFlags Flags;

    /// <summary><c>display_message</c>: text for the user there, ended by a zero byte unless it fills all.</summary>
    public IcShutdownText DisplayMessage;

    /// <summary><c>SHTDN_REASON_FLAG_PLANNED</c>: what hosts send.</summary>
    public const uint PlannedReason = 0x8000_0000;
}

// The text of a request to shut down: display_message of shutdown_msg_data (Linux include/linux/hyperv.h).
/// <summary>2048 bytes of text.</summary>
[InlineArray(Size)]
internal struct IcShutdownText
{
    /// <summary>How many bytes there are.</summary>
    public const int Size = 2048;

    private byte _byte0;
}
