// The guest opens a channel and says how it is signalled. Mirrors OpenChannel2 (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_OPENCHANNEL</c> (5) of protocol 6.0 with <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/> or
/// <see cref="FeatureFlags.ChannelInterruptRedirection"/>, guest to host.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenChannel2
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.OpenChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 156;

    /// <summary>The message as older protocols know it, header included.</summary>
    public OpenChannel Open;

    /// <summary>
    /// The connection the guest will signal; valid with <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public uint ConnectionId;

    /// <summary>
    /// The event flag the host will set; valid with <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public ushort EventFlag;

    /// <summary>Valid with <see cref="FeatureFlags.ChannelInterruptRedirection"/>.</summary>
    public OpenChannelFlags Flags;
}
