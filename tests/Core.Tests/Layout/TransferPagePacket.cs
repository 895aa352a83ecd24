using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Core.Tests.Layout;

/// <summary>vmtransfer_page_packet_header is in one piece in C and in two here.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TransferPagePacket
{
    public PacketDescriptor Descriptor;
    public TransferPageHeader Header;
}
