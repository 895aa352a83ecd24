// The host sends no messages from now on. Mirrors PauseResponse (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// Message 28, host to guest, with <see cref="FeatureFlags.PauseResume"/>: the answer to <see cref="Pause"/>. No body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PauseResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.PauseResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}
