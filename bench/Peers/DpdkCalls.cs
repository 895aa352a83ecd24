using System.Runtime.InteropServices;

namespace VmBus.Peers;

/// <summary>What the loops over DPDK need. Mirrors <c>struct dpdk</c> (native/dpdk.c).</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
public struct DpdkCalls
{
    /// <summary><see cref="DpdkLibrary.Send"/></summary>
    public nint Send;

    /// <summary><see cref="DpdkLibrary.Receive"/></summary>
    public nint Receive;

    /// <summary><see cref="DpdkLibrary.ReceiveRaw"/></summary>
    public nint ReceiveRaw;

    /// <summary><see cref="DpdkLibrary.SignalSend"/></summary>
    public nint SignalSend;

    /// <summary><see cref="DpdkLibrary.SignalRead"/></summary>
    public nint SignalRead;

    /// <summary>The channel to send on: <see cref="DpdkChannel.Address"/>.</summary>
    public nint Out;

    /// <summary>The channel to receive on.</summary>
    public nint In;

    /// <summary>Where packets are received.</summary>
    public nint Buffer;

    /// <summary>Bytes there.</summary>
    public uint Capacity;
}
