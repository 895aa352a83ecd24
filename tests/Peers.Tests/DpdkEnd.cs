using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>
/// DPDK's functions, used as its network driver uses them: bursts, one signal for each burst sent. It leaves the mask to
/// the kernel and never waits for room; here its application does both, by the protocol.
/// </summary>
internal sealed class DpdkEnd : IChannelEnd, IDisposable
{
    private const ushort InBand = 6;

    private readonly DpdkChannel _channel;
    private readonly PeerRing _send;
    private readonly PeerRing _receive;
    private readonly int _burst;
    private readonly byte[] _buffer;

    public DpdkEnd(DpdkLibrary library, PeerRing send, PeerRing receive, Doorbell theirs, int burst)
    {
        _channel = new DpdkChannel(library, receive.Dpdk, send.Dpdk, theirs.Address, Doorbell.MonitorId);
        _send = send;
        _receive = receive;
        _burst = burst;
        _buffer = new byte[receive.DataSize];
    }

    public int Send(Traffic traffic, long from, long end)
        => _burst == 1 ? SendOne(traffic, from) : SendBurst(traffic, from, Math.Min(end, from + _burst));

    public int Receive(Traffic traffic, long from) => _burst == 1 ? ReceiveOne(traffic, from) : ReceiveBurst(traffic, from);

    public bool Arm(int payloadToSend, bool forPackets)
    {
        bool ready = false;
        if (payloadToSend >= 0)
        {
            uint total = (((uint)payloadToSend + 7) & ~7u) + 24;
            Interlocked.Exchange(ref _send.Control.PendingSendSize, total);
            ready = _send.Room > total;
        }

        if (forPackets)
        {
            Interlocked.Exchange(ref _receive.Control.InterruptMask, 0);
            ready |= !_channel.IsReceiveEmpty;
        }

        return ready;
    }

    public void Disarm()
    {
        Interlocked.Exchange(ref _receive.Control.InterruptMask, 1);
        Volatile.Write(ref _send.Control.PendingSendSize, 0);
    }

    public void Dispose() => _channel.Dispose();

    private static uint Flags(long number) => Traffic.WantsCompletion(number) ? 1u : 0;

    private int SendOne(Traffic traffic, long number)
        => Sent(_channel.SendAndSignal(InBand, traffic.Payload(number), Traffic.TransactionId(number), Flags(number))) ? 1 : 0;

    private int SendBurst(Traffic traffic, long from, long end)
    {
        long next = from;
        bool needSignal = false;
        while (next < end && Sent(_channel.Send(InBand, traffic.Payload(next), Traffic.TransactionId(next), Flags(next), ref needSignal)))
            next++;
        if (needSignal)
            _channel.SignalSend();
        return (int)(next - from);
    }

    private static bool Sent(int result)
    {
        if (result is not (0 or DpdkLibrary.TryAgain))
            Assert.Fail($"DPDK's send returned {result}.");
        return result == 0;
    }

    private int ReceiveOne(Traffic traffic, long number)
    {
        int result = _channel.Receive(_buffer, out int length, out ulong transactionId);
        if (result == DpdkLibrary.TryAgain)
            return 0;
        if (result != 0)
            Assert.Fail($"DPDK's recv returned {result} for packet {number}.");
        traffic.Check(number, _buffer.AsSpan(0, length), transactionId);
        return 1;
    }

    private int ReceiveBurst(Traffic traffic, long from)
    {
        long next = from;
        int result = 0;
        while (next < from + _burst && (result = _channel.ReceiveRaw(_buffer, out int length)) > 0)
        {
            ReadOnlySpan<byte> packet = _buffer.AsSpan(0, length);
            ulong expected = (ulong)PacketType.DataInBand | 2UL << 16 | (ulong)length / 8 << 32 | (ulong)Flags(next) << 48;
            if (result != length + 8 || BinaryPrimitives.ReadUInt64LittleEndian(packet) != expected)
                Assert.Fail($"Packet {next} arrived with descriptor {BinaryPrimitives.ReadUInt64LittleEndian(packet):x}, {result} bytes freed.");
            traffic.Check(next++, packet[16..], BinaryPrimitives.ReadUInt64LittleEndian(packet[8..]));

            // Not once for the burst: DifferenceTests shows the signal that then goes missing.
            _channel.SignalRead((uint)result);
        }

        if (result is < 0 and not DpdkLibrary.TryAgain)
            Assert.Fail($"DPDK's recv_raw returned {result} for packet {next}.");
        return (int)(next - from);
    }
}
