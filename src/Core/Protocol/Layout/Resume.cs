// The guest wants messages again. Mirrors Resume (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

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
