// The guest wants no messages for a while. Mirrors Pause (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// Message 27, guest to host, with <see cref="FeatureFlags.PauseResume"/>: answered with <see cref="PauseResponse"/>,
/// the last message before <see cref="Resume"/>. No body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Pause
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.Pause;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}
