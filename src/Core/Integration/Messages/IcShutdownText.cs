// The text of a request to shut down: display_message of shutdown_msg_data (Linux include/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>2048 bytes of text.</summary>
[InlineArray(Size)]
internal struct IcShutdownText
{
    /// <summary>How many bytes there are.</summary>
    public const int Size = 2048;

    private byte _byte0;
}
