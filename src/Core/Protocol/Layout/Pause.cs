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

// The host sends no messages from now on. Mirrors PauseResponse (OpenVMM vmbus_core protocol.rs).
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

// The guest wants messages again. Mirrors Resume (OpenVMM vmbus_core protocol.rs).
/// <summary>
/// Message 29, guest to host, with <see cref="FeatureFlags.PauseResume"/>: ends what <see cref="Pause"/> began. No
/// body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Resume
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.Resume;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}
