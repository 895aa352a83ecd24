// What comes before the data of each packet in a pipe-mode channel. Mirrors vmpipe_proto_header / hvs_pkt header
// (Linux net/vmw_vsock/hyperv_transport.c), facts also from OpenVMM vmbus_ring.

using System.Runtime.InteropServices;

namespace VmBus.Pipes;

/// <summary>The header of a pipe packet: <c>vmpipe_proto_header</c>, 8 bytes, at the start of an in-band payload.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PipeHeader
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 8;

    /// <summary>The most data one pipe packet carries, in bytes.</summary>
    public const int MaxDataLength = 16384;

    /// <summary><c>pkt_type</c>.</summary>
    public PipePacketType Type;

    /// <summary><c>data_size</c>: the data's length in bytes, this header not counted.</summary>
    public uint Length;
}
