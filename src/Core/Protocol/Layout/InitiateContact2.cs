// The guest proposes a protocol version and says who it is. Mirrors InitiateContact2 (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary><c>CHANNELMSG_INITIATE_CONTACT</c> (14) with <see cref="FeatureFlags.ClientId"/>, guest to host.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InitiateContact2
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.InitiateContact;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 56;

    /// <summary>The message as older protocols know it, header included.</summary>
    public InitiateContact Contact;

    /// <summary>Which client of the bus this is.</summary>
    public Guid ClientId;
}
