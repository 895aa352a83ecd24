// Mirrors struct sockaddr_nl (linux/netlink.h), 12 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkAddress
{
    internal ushort Family;     // nl_family
    internal ushort Padding;    // nl_pad
    internal uint PortId;       // nl_pid: 0 of the kernel
    internal uint Groups;       // nl_groups
}
