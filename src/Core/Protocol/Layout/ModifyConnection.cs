// The guest moves its monitor pages. Mirrors ModifyConnection (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// Message 25, guest to host, with <see cref="FeatureFlags.ModifyConnection"/>: answered with
/// <see cref="ModifyConnectionResponse"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ModifyConnection
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.ModifyConnection;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 24;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary>The guest physical address of the monitor page from host to guest, or 0.</summary>
    public ulong ParentToChildMonitorPage;

    /// <summary>
    /// The guest physical address of the monitor page from guest to host; 0 exactly when the other is.
    /// </summary>
    public ulong ChildToParentMonitorPage;
}

// The host has moved the monitor pages, or not. Mirrors ModifyConnectionResponse (OpenVMM vmbus_core protocol.rs).
/// <summary>
/// Message 26, host to guest, with <see cref="FeatureFlags.ModifyConnection"/>: the answer to
/// <see cref="ModifyConnection"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ModifyConnectionResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.ModifyConnectionResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 9;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary>Whether the connection stands.</summary>
    public ConnectionState ConnectionState;
}
