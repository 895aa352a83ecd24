using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Core.Tests.Layout;

/// <summary>vmbus_packet_mpb_array is in one piece in C and in three here, so that a packet is built up as it is read.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GpaDirectPacket
{
    public PacketDescriptor Descriptor;
    public GpaDirectHeader Header;
    public GpaRange Range;
}
