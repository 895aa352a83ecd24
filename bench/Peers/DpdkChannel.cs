// One end of a channel that DPDK's code drives. Mirrors struct vmbus_channel and the struct rte_vmbus_device it names
// (DPDK drivers/bus/vmbus, v22.11.11), filled as vmbus_chan_create and vmbus_br_setup fill them.

using System.Runtime.InteropServices;

namespace VmBus.Peers;

/// <summary>A channel end made of a ring to receive from, a ring to send into and a monitor page.</summary>
/// <remarks>
/// <para>Sending may be done by many threads at once, receiving by one; DPDK keeps both rings' words in one cache line
/// of the channel.</para>
/// <para>The calls, but for <see cref="SetLatency"/>, go without a GC transition: what a call of C from C# costs at the
/// least. To leave even that out, give <see cref="Address"/> and the addresses of <see cref="DpdkLibrary"/> to C.</para>
/// <para>The memory of rings and monitor page is the caller's and must outlive the channel.</para>
/// </remarks>
public sealed unsafe class DpdkChannel : IDisposable
{
    // Apart from whatever else lies on the heap, by the two lines the prefetcher takes together.
    private const int Alignment = 128;

    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, ushort, byte*, uint, ulong, uint, byte*, int> _send;
    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, uint*, ulong*, int> _receive;
    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, uint*, int> _receiveRaw;
    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte> _isReceiveEmpty;
    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, void> _signalSend;
    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, uint, void> _signalRead;
    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, ushort> _subChannelIndex;

    // It logs what it rejects, and a thread that writes to a file must not hold up the collector.
    private readonly delegate* unmanaged[Cdecl]<byte*, byte*, uint, void> _setLatency;

    private byte* _channel;
    private byte* _device;

    /// <summary>Makes a channel end on memory that lies ready; sending goes on at the ring's write index.</summary>
    /// <param name="library">DPDK's functions.</param>
    /// <param name="receive">The ring to receive from. May be the ring to send into: then it is a loop.</param>
    /// <param name="send">The ring to send into.</param>
    /// <param name="monitorPage">Address of the monitor page (4096 bytes) that signals go to.</param>
    /// <param name="monitorId">Which of its 128 bits: the group times 32, plus the bit.</param>
    /// <param name="relid">The channel's id.</param>
    /// <param name="subchannelId">0 for a primary channel.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A monitor id of 128 or more: DPDK 22.11 would set a bit outside the trigger groups.
    /// </exception>
    public DpdkChannel(DpdkLibrary library, DpdkRing receive, DpdkRing send, nint monitorPage, byte monitorId,
        ushort relid = 1, ushort subchannelId = 0)
    {
        ArgumentNullException.ThrowIfNull(library);
        ArgumentOutOfRangeException.ThrowIfZero(receive.Address);
        ArgumentOutOfRangeException.ThrowIfZero(send.Address);
        ArgumentOutOfRangeException.ThrowIfZero(monitorPage);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(monitorId, (byte)127);

        _send = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, ushort, byte*, uint, ulong, uint, byte*, int>)library.Send;
        _receive = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, uint*, ulong*, int>)library.Receive;
        _receiveRaw = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, uint*, int>)library.ReceiveRaw;
        _isReceiveEmpty = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte>)library.IsReceiveEmpty;
        _signalSend = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, void>)library.SignalSend;
        _signalRead = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, uint, void>)library.SignalRead;
        _subChannelIndex = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, ushort>)library.SubChannelIndex;
        _setLatency = (delegate* unmanaged[Cdecl]<byte*, byte*, uint, void>)library.SetLatency;

        _device = Allocate(DpdkStruct.DeviceSize);
        _channel = Allocate(DpdkStruct.ChannelSize);

        Put(_device, DpdkStruct.DeviceNumaNode, -1);
        Put(_device, DpdkStruct.DeviceRelid, (uint)relid);
        Put(_device, DpdkStruct.DeviceMonitorId, monitorId);
        Put(_device, DpdkStruct.DeviceUioNumber, -1);
        Put(_device, DpdkStruct.DevicePrimaryChannel, (nint)_channel);
        Put(_device, DpdkStruct.DeviceMonitorPage, monitorPage);

        Put(_channel, DpdkStruct.ChannelSubchannelLast, (nint)_channel + DpdkStruct.ChannelSubchannelFirst);
        Put(_channel, DpdkStruct.ChannelDevice, (nint)_device);
        SetUp(_channel + DpdkStruct.ChannelReceive, receive);
        SetUp(_channel + DpdkStruct.ChannelSend, send);
        Put(_channel, DpdkStruct.ChannelRelid, relid);
        Put(_channel, DpdkStruct.ChannelSubchannelId, subchannelId);
        Put(_channel, DpdkStruct.ChannelMonitorId, monitorId);
        Put(_channel, DpdkStruct.ChannelMonitorPage, monitorPage);
    }

    /// <summary>The <c>struct vmbus_channel *</c> that DPDK's functions take.</summary>
    public nint Address => (nint)_channel;

    /// <summary>The <c>struct rte_vmbus_device *</c> that <c>rte_vmbus_set_latency</c> takes as well.</summary>
    public nint DeviceAddress => (nint)_device;

    /// <summary>Whether the ring to receive from has nothing in it.</summary>
    public bool IsReceiveEmpty => _isReceiveEmpty(_channel) != 0;

    /// <summary>The sub-channel's index, as DPDK finds it in the channel.</summary>
    public int SubChannelIndex => _subChannelIndex(_channel);

    /// <summary>Sends one packet without signalling. The layout is DPDK's: descriptor, payload, zeroes up to 8 bytes, trailer.</summary>
    /// <param name="type">The packet's type; 6 for in-band.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="transactionId">The transaction id.</param>
    /// <param name="flags">The descriptor's flags; bit 0 asks for a completion.</param>
    /// <param name="needSignal">Becomes <see langword="true"/> when this packet needs a signal, and else stays what it was.</param>
    /// <returns>0, or <see cref="DpdkLibrary.TryAgain"/> when there is no room now.</returns>
    public int Send(ushort type, ReadOnlySpan<byte> payload, ulong transactionId, uint flags, ref bool needSignal)
    {
        byte need = 0;
        int result;
        fixed (byte* data = payload)
            result = _send(_channel, type, data, (uint)payload.Length, transactionId, flags, &need);
        needSignal |= need != 0;
        return result;
    }

    /// <summary>Sends one packet and signals when it must: DPDK does both in this call.</summary>
    /// <inheritdoc cref="Send" path="/param[@name!='needSignal']"/>
    /// <inheritdoc cref="Send" path="/returns"/>
    public int SendAndSignal(ushort type, ReadOnlySpan<byte> payload, ulong transactionId, uint flags)
    {
        fixed (byte* data = payload)
            return _send(_channel, type, data, (uint)payload.Length, transactionId, flags, null);
    }

    /// <summary>Receives one packet's payload, padding included, and signals the sender when it waits for this much room.</summary>
    /// <param name="buffer">Where the payload goes.</param>
    /// <param name="length">Bytes in the payload, a multiple of 8, also when the buffer is too small; 0 when nothing is there.</param>
    /// <param name="transactionId">The transaction id.</param>
    /// <returns>
    /// 0, or <see cref="DpdkLibrary.TryAgain"/>, <see cref="DpdkLibrary.BufferTooSmall"/>, <see cref="DpdkLibrary.InputOutputError"/>.
    /// </returns>
    public int Receive(Span<byte> buffer, out int length, out ulong transactionId)
    {
        uint size = (uint)buffer.Length;
        ulong id = 0;
        int result;
        fixed (byte* data = buffer)
            result = _receive(_channel, data, &size, &id);
        length = (int)size;
        transactionId = id;
        return result;
    }

    /// <summary>Receives one whole packet without its trailer. Signals nothing: <see cref="SignalRead"/> does, once a burst.</summary>
    /// <param name="buffer">Where the packet goes.</param>
    /// <param name="length">Bytes in the packet; what it was called with when nothing is there.</param>
    /// <returns>The bytes freed in the ring, the trailer's 8 included, or an error as for <see cref="Receive"/>.</returns>
    public int ReceiveRaw(Span<byte> buffer, out int length)
    {
        uint size = (uint)buffer.Length;
        int result;
        fixed (byte* data = buffer)
            result = _receiveRaw(_channel, data, &size);
        length = (int)size;
        return result;
    }

    /// <summary>Sets the monitor bit, unless the reader of the ring to send into masks its interrupt.</summary>
    public void SignalSend() => _signalSend(_channel);

    /// <summary>Sets the monitor bit if the sender waits for room and the bytes just read made it.</summary>
    /// <param name="bytesRead">Bytes freed since the last call: the sum of what <see cref="ReceiveRaw"/> returned.</param>
    public void SignalRead(uint bytesRead) => _signalRead(_channel, bytesRead);

    /// <summary>Writes the latency hint of the channel's monitor; 6,553,500 ns and more are rejected and logged.</summary>
    /// <param name="nanoseconds">How long the hypervisor may wait; kept in units of 100 ns.</param>
    public void SetLatency(uint nanoseconds) => _setLatency(_device, _channel, nanoseconds);

    /// <summary>Frees the two structs. No call may be under way.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_channel);
        NativeMemory.AlignedFree(_device);
        _channel = _device = null;
    }

    private static byte* Allocate(int size)
    {
        nuint rounded = (nuint)((size + Alignment - 1) & -Alignment);
        byte* block = (byte*)NativeMemory.AlignedAlloc(rounded, Alignment);
        NativeMemory.Clear(block, rounded);
        return block;
    }

    private static void Put<T>(byte* block, int offset, T value) where T : unmanaged => *(T*)(block + offset) = value;

    private static void SetUp(byte* ring, DpdkRing memory)
    {
        Put(ring, DpdkStruct.BufferRingMemory, memory.Address);
        Put(ring, DpdkStruct.BufferRingDataSize, (uint)memory.DataSize);
        Put(ring, DpdkStruct.BufferRingWriteIndex, *(uint*)memory.Address);
    }
}
