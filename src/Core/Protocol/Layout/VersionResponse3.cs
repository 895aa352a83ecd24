// The host answers a proposed protocol version and gives the monitor pages. Mirrors VersionResponse3 (OpenVMM
// vmbus_core protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_VERSION_RESPONSE</c> (15) with <see cref="FeatureFlags.ServerSpecifiedMonitorPages"/>, host to guest.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionResponse3
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.VersionResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 40;

    /// <summary>The message without the monitor pages, header included.</summary>
    public VersionResponse2 Response;

    /// <summary>Zero.</summary>
    public uint Reserved;

    /// <summary>The guest physical address of the monitor page from host to guest, or 0.</summary>
    public ulong ParentToChildMonitorPage;

    /// <summary>
    /// The guest physical address of the monitor page from guest to host; 0 exactly when the other is.
    /// </summary>
    public ulong ChildToParentMonitorPage;
}
