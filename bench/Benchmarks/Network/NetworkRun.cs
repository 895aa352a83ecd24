// Frames of a guest through a network adapter, in one process: out from its send buffer to a link that drops them, in from a link
// that always has one. Beside it as many packets, as long, that an echo sends back.

using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using VmBus.Devices;
using VmBus.Guests;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Benchmarks.Network;

/// <summary>What an adapter costs beside what there is to do.</summary>
internal sealed class NetworkRun : IDisposable
{
    private const int Depth = 32;
    private const int ReceivePages = 1024, SendPages = 256;
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(0.5);

    private readonly InMemoryMachine _machine = new(new InMemoryMachineOptions { GuestMemorySize = 32 << 20 });
    private readonly Link _link = new();
    private readonly NetworkAdapter _adapter;
    private readonly VmBusChannel _network, _echo;
    private readonly byte[] _packet = new byte[Nvsp.MessageSize];
    private readonly byte[] _completion = new byte[Nvsp.MessageSize];
    private readonly ulong[] _received = new ulong[4096];
    private ulong _send;

    private NetworkRun(int mtu)
    {
        _adapter = new NetworkAdapter(_link, new PhysicalAddress([0, 0x15, 0x5D, 1, 2, 3]));
        _machine.Host.OfferAsync(NetworkAdapter.Offer(), _adapter).Wait();
        _machine.Host.OfferAsync(EchoDevice.Offer(), new EchoDevice()).Wait();
        GuestBus bus = _machine.ConnectAsync().Result;
        bus.RequestOffersAsync().Wait();
        var options = new GuestChannelOptions { OutgoingSize = 256 << 10, IncomingSize = 256 << 10 };
        _network = bus.OpenAsync(Offer(bus, NetworkAdapter.Offer()), options).Result;
        _echo = bus.OpenAsync(Offer(bus, EchoDevice.Offer()), options).Result;
        GuestOffer offer = Offer(bus, NetworkAdapter.Offer());
        ulong receive = _machine.GuestPartition.Memory.AllocatePages(ReceivePages), send = _machine.GuestPartition.Memory.AllocatePages(SendPages);
        Ask(NvspMessageType.Init, new NvspInit { MinVersion = Nvsp.Version61, MaxVersion = Nvsp.Version61 });
        Ask(NvspMessageType.SendNdisConfig, new NvspNdisConfig { MaxFrame = (uint)mtu + 14 });
        Ask(NvspMessageType.SendReceiveBuffer, new NvspBuffer { Gpadl = bus.ShareAsync(offer, receive, ReceivePages).Result, Id = 1 });
        Ask(NvspMessageType.SendSendBuffer, new NvspBuffer { Gpadl = bus.ShareAsync(offer, send, SendPages).Result, Id = 2 });
        Control(send, [2, 24, 1, 1, 0, 0x4000]);
        Control(send, [5, 32, 2, (uint)RndisOid.CurrentPacketFilter, 4, RndisRequest.Size, 0, (uint)PacketFilter.Promiscuous]);
        NvspProtocol.Write(_completion, NvspMessageType.SendRndisPacketComplete, NvspStatus.Success);
    }

    /// <summary>Measures, best of five slices each, taken in turns.</summary>
    public static int Run(TextWriter output)
    {
        output.WriteLine("bytes   ring alone  out                   in                    out/ring  in/ring  allocated: ring, out, in");
        long rejected = 0;
        foreach (int frame in new[] { 60, 1514, 6000 })
        {
            using var run = new NetworkRun(Math.Max(frame - 14, 1500));
            run.Measure(frame, output);
            rejected += run._adapter.Statistics.Rejected;
        }
        return rejected == 0 ? 0 : 1;
    }

    private void Measure(int bytes, TextWriter output)
    {
        double ring = 0, sent = 0, received = 0, ringBytes = double.MaxValue, sentBytes = double.MaxValue, receivedBytes = double.MaxValue;
        _link.FrameLength = bytes;
        for (int section = 0; section < Depth; section++)
            WriteFrame(section, bytes);
        for (int slice = 0; slice < 5; slice++)
        {
            (double rate, double allocated) = Rate(() => Send(_echo, bytes));
            (ring, ringBytes) = (Math.Max(ring, rate), Math.Min(ringBytes, allocated));
            (rate, allocated) = Rate(() => Send(_network, bytes));
            (sent, sentBytes) = (Math.Max(sent, rate), Math.Min(sentBytes, allocated));
            _link.Begin();
            (rate, allocated) = Rate(Receive);
            _link.End();
            Receive(drains: true);
            (received, receivedBytes) = (Math.Max(received, rate), Math.Min(receivedBytes, allocated));
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{bytes,-7} {ring / 1000,6:F0} k/s  {Text(sent, bytes)}  {Text(received, bytes)}  {sent / ring,8:F2}  {received / ring,7:F2}  {ringBytes:F1}, {sentBytes:F1}, {receivedBytes:F1} B a frame"));
    }

    private static string Text(double rate, int bytes) => string.Create(CultureInfo.InvariantCulture, $"{rate / 1000,6:F0} k/s {rate * bytes / 1e9,5:F2} GB/s");

    private static (double Rate, double Allocated) Rate(Action round) => Rate(() =>
    {
        round();
        return Depth;
    });

    private static (double Rate, double Allocated) Rate(Func<int> round)
    {
        round();
        long allocated = GC.GetTotalAllocatedBytes(precise: true), start = Stopwatch.GetTimestamp(), done = 0;
        do
            done += round();
        while (Stopwatch.GetElapsedTime(start) < Slice);
        return (done / Stopwatch.GetElapsedTime(start).TotalSeconds, (GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)done);
    }

    private void Send(VmBusChannel channel, int bytes)
    {
        for (uint section = 0; section < Depth; section++)
        {
            NvspProtocol.Write(_packet, NvspMessageType.SendRndisPacket, new NvspRndisPacket { SectionIndex = section, SectionSize = (uint)(Rndis.PacketHeaderSize + bytes) });
            while (!channel.TrySend(OutgoingPacket.Request(_packet, section)))
                channel.WaitToWrite(_packet.Length, Timeout.InfiniteTimeSpan);
        }
        for (int count = 0; count < Depth;)
        {
            channel.WaitToRead(Timeout.InfiniteTimeSpan);
            using ChannelReadBatch batch = channel.ReadBatch();
            while (batch.TryNext(out _))
                count++;
            batch.Commit();
        }
    }

    private int Receive() => Receive(drains: false);

    // What has come, given back at once; where it drains, until nothing comes.
    private int Receive(bool drains)
    {
        int frames = 0;
        while (_network.WaitToRead(drains ? TimeSpan.FromMilliseconds(20) : Timeout.InfiniteTimeSpan))
        {
            int packets = 0;
            using (ChannelReadBatch batch = _network.ReadBatch())
            {
                while (packets < _received.Length && batch.TryNext(out RingPacket packet))
                {
                    _received[packets++] = packet.TransactionId;
                    frames += packet.RangeCount;
                }
                batch.Commit();
            }
            for (int packet = 0; packet < packets; packet++)
            {
                while (!_network.TrySend(OutgoingPacket.Completion(_completion, _received[packet])))
                    _network.WaitToWrite(_completion.Length, Timeout.InfiniteTimeSpan);
            }
            if (!drains)
                break;
        }
        return frames;
    }

    private static GuestOffer Offer(GuestBus bus, HostOffer offer) => bus.WaitForOfferAsync(offer.InterfaceType, offer.InterfaceInstance).Result;

    private void WriteFrame(int section, int bytes)
    {
        var message = new byte[Rndis.PacketHeaderSize + bytes];
        RndisFrame.WriteHeader(message, bytes);
        _machine.GuestPartition.Memory.TryWrite(_send + (ulong)(section * Nvsp.SendSectionSize), message);
    }

    private void Ask<T>(NvspMessageType type, T body) where T : unmanaged
    {
        NvspProtocol.Write(_packet, type, in body);
        _network.TrySend(OutgoingPacket.Request(_packet, 1));
        Drain(1);
    }

    // Its completion, and its answer in the receive buffer.
    private void Control(ulong send, ReadOnlySpan<uint> message)
    {
        _send = send;
        _machine.GuestPartition.Memory.TryWrite(send, MemoryMarshal.AsBytes(message));
        NvspProtocol.Write(_packet, NvspMessageType.SendRndisPacket, new NvspRndisPacket { ChannelType = NvspRndisPacket.Control, SectionIndex = 0, SectionSize = message[1] });
        _network.TrySend(OutgoingPacket.Request(_packet, 1));
        Drain(2);
    }

    private void Drain(int count)
    {
        while (count > 0)
        {
            _network.WaitToRead(Timeout.InfiniteTimeSpan);
            using ChannelReadBatch batch = _network.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
            {
                count--;
                if (packet.Type == PacketType.DataUsingTransferPages)
                    _network.TrySend(OutgoingPacket.Completion(_completion, packet.TransactionId));
            }
            batch.Commit();
        }
    }

    public void Dispose()
    {
        _network.Dispose();
        _echo.Dispose();
        _machine.DisposeAsync().AsTask().Wait();
    }

    /// <summary>Takes all, and gives as much as is asked for while it is on.</summary>
    private sealed class Link : INetworkLink
    {
        private volatile TaskCompletionSource _on = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int FrameLength { get; set; }

        public void Begin() => _on.TrySetResult();

        public void End() => _on = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TrySend(ReadOnlySpan<byte> frame) => true;

        public ValueTask WaitToSendAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public bool TryReceive(Span<byte> frame, out int length)
        {
            length = FrameLength;
            return _on.Task.IsCompleted;
        }

        public ValueTask WaitToReceiveAsync(CancellationToken cancellationToken) => new(_on.Task.WaitAsync(cancellationToken));
    }
}
