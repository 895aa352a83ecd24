using System.Runtime.InteropServices;

namespace VmBus.Peers;

/// <summary>One ring for a peer. Mirrors <c>struct vmbus_peer_ring</c> (native/peer/vmbus_peer.h).</summary>
/// <param name="Control">Address of the control page.</param>
/// <param name="Data">Address of the data area, mapped twice.</param>
/// <param name="Size">Bytes in the data area, counted once.</param>
[StructLayout(LayoutKind.Sequential, Size = 24)]
public readonly record struct PeerMemory(nint Control, nint Data, uint Size);
