// The host answers a proposed protocol version and its features. Mirrors VersionResponse2 (OpenVMM vmbus_core
// protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary><c>CHANNELMSG_VERSION_RESPONSE</c> (15) of protocol 6.0, host to guest.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionResponse2
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.VersionResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The message as older protocols know it, header included.</summary>
    public VersionResponse Response;

    /// <summary>What both sides support.</summary>
    public FeatureFlags SupportedFeatures;
}
