using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Devices.Tests.Network;

/// <summary>The guest's end of an adapter: netvsc in small, which sends what it is told to, right or wrong.</summary>
internal sealed class NetworkGuest : IAsyncDisposable
{
    public const ushort ReceiveBufferId = 0xCAFE;
    public const int ReceivePages = 64;
    private const int SendPages = 16;

    private readonly GuestBus _bus;
    private readonly GuestMemory _memory;
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<byte[]>> _asked = [];
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<byte[]>> _questions = [];
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentQueue<ulong> _held = [];
    private readonly Task _reading;
    private bool _completesAtOnce = true;   // under the lock of _held: what was held is there when it changes
    private long _lastId = 0x1000;
    private int _lastQuestion = 1;

    private NetworkGuest(GuestBus bus, GuestOffer offer, VmBusChannel channel, GuestMemory memory)
    {
        (_bus, Offer, Channel, _memory) = (bus, offer, channel, memory);
        _reading = Task.Run(ReadAsync);
    }

    public GuestOffer Offer { get; }

    public VmBusChannel Channel { get; }

    public ulong ReceivePage { get; private set; }

    public ulong SendPage { get; private set; }

    public uint ReceiveGpadl { get; private set; }

    public NvspReceiveBufferComplete Sections { get; private set; }

    /// <summary>Frames that came.</summary>
    public BlockingCollection<byte[]> Frames { get; } = [];

    /// <summary>What came and is neither a frame nor an answer: words of the link.</summary>
    public ConcurrentQueue<RndisStatus> Indicated { get; } = [];

    /// <summary>Whether packets of the host are completed as they come; else <see cref="CompleteHeldAsync"/> does.</summary>
    public bool CompletesAtOnce
    {
        get => _completesAtOnce;
        set
        {
            lock (_held)
                _completesAtOnce = value;
        }
    }

    public int Held => _held.Count;

    public static async Task<NetworkGuest> OpenAsync(InMemoryMachine machine, GuestBus bus, int maxFrame = 1514, uint version = Nvsp.Version61, bool negotiates = true, int receivePages = ReceivePages)
    {
        HostOffer host = NetworkAdapter.Offer();
        GuestOffer offer = await bus.WaitForOfferAsync(host.InterfaceType, host.InterfaceInstance);
        var guest = new NetworkGuest(bus, offer, await bus.OpenAsync(offer), machine.GuestPartition.Memory);
        if (negotiates)
            await guest.NegotiateAsync(version, maxFrame, receivePages);
        return guest;
    }

    /// <summary>As Linux does (netvsc_connect_vsp, rndis_filter_device_add).</summary>
    public async Task NegotiateAsync(uint version, int maxFrame, int receivePages = ReceivePages)
    {
        Assert.Equal(NvspStatus.Success, (await AskAsync<NvspInit, NvspInitComplete>(NvspMessageType.Init, new() { MinVersion = version, MaxVersion = version })).Status);
        if (version > Nvsp.Version1)
            await TellAsync(NvspMessageType.SendNdisConfig, new NvspNdisConfig { MaxFrame = (uint)maxFrame, Capabilities = 8 });
        await TellAsync(NvspMessageType.SendNdisVersion, 0x0006_001EUL);
        await ShareAsync(maxFrame > 10_000 ? 16 * ReceivePages : receivePages);
        Assert.Equal(NvspStatus.Success, (await AskAsync<NvspBuffer, NvspSendBufferComplete>(NvspMessageType.SendSendBuffer, new() { Gpadl = await ShareSendAsync(), Id = 0 })).Status);
        await InitializeAsync();
        await SetFilterAsync(PacketFilter.Directed | PacketFilter.AllMulticast | PacketFilter.Broadcast);
    }

    public async Task ShareAsync(int pages = ReceivePages)
    {
        lock (_memory)
            ReceivePage = _memory.AllocatePages(pages);
        ReceiveGpadl = await _bus.ShareAsync(Offer, ReceivePage, pages);
        Sections = await AskAsync<NvspBuffer, NvspReceiveBufferComplete>(NvspMessageType.SendReceiveBuffer, new() { Gpadl = ReceiveGpadl, Id = ReceiveBufferId });
        Assert.Equal((NvspStatus.Success, 1u, 0u), (Sections.Status, Sections.SectionCount, Sections.Offset));
        Assert.InRange(Sections.SubAllocationSize * (long)Sections.SubAllocationCount, 1, pages * 4096L);
    }

    public Task InitializeAsync() => QuestionAsync(RndisMessageType.Initialize, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0]);

    public Task<byte[]> SetFilterAsync(PacketFilter filter) => SetAsync(RndisOid.CurrentPacketFilter, BitConverter.GetBytes((uint)filter));

    public Task<byte[]> SetAsync(RndisOid oid, byte[] value) => QuestionAsync(RndisMessageType.Set, [.. Request(oid, value.Length), .. value]);

    public async Task<(RndisStatus Status, byte[] Value)> QueryAsync(RndisOid oid)
    {
        byte[] answer = await QuestionAsync(RndisMessageType.Query, Request(oid, 0));
        var complete = MemoryMarshal.Read<RndisQueryComplete>(answer.AsSpan(Rndis.HeaderSize));
        return (complete.Status, answer.AsSpan(Rndis.HeaderSize + (int)complete.InformationOffset, (int)complete.InformationLength).ToArray());
    }

    /// <summary>A question with a number of its own, by GPA-direct as Linux asks, and its answer.</summary>
    public async Task<byte[]> QuestionAsync(RndisMessageType type, byte[] behindNumber)
    {
        uint number = (uint)Interlocked.Increment(ref _lastQuestion);
        var answered = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        _questions[number] = answered;
        byte[] message = [.. BitConverter.GetBytes((uint)type), .. BitConverter.GetBytes(12 + behindNumber.Length), .. BitConverter.GetBytes(number), .. behindNumber];
        NvspStatus status = await SendAsync(message, NvspRndisPacket.Control);
        Assert.Equal(NvspStatus.Success, status);
        byte[] answer = await answered.Task.WaitAsync(Patience.Limit);
        Assert.Equal((uint)(type | RndisMessageType.Completion), BitConverter.ToUInt32(answer));
        return answer;
    }

    /// <summary>A frame as a message.</summary>
    public static byte[] Message(byte[] frame, byte[]? information = null, int padding = 0)
    {
        information ??= [];
        var packet = new RndisPacket { DataOffset = (uint)(RndisPacket.Size + information.Length), DataLength = (uint)frame.Length };
        if (information.Length > 0)
            (packet.InformationOffset, packet.InformationLength) = (RndisPacket.Size, (uint)information.Length);
        var message = new byte[Rndis.PacketHeaderSize + information.Length + frame.Length + padding];
        MemoryMarshal.Write(message, RndisMessageType.Packet);
        MemoryMarshal.Write(message.AsSpan(4), (uint)message.Length);
        MemoryMarshal.Write(message.AsSpan(8), in packet);
        information.CopyTo(message, Rndis.PacketHeaderSize);
        frame.CopyTo(message, Rndis.PacketHeaderSize + information.Length);
        return message;
    }

    /// <summary>Sends an RNDIS message: its first bytes in a section of the send buffer, the rest in pages.</summary>
    public async Task<NvspStatus> SendAsync(byte[] message, uint channelType = NvspRndisPacket.Data, int inSection = 0, uint? section = null, uint? sectionSize = null)
    {
        uint index = section ?? (inSection > 0 ? 1u : Nvsp.NoSection);
        if (inSection > 0)
            Assert.True(_memory.TryWrite(SendPage + index * Nvsp.SendSectionSize, message.AsSpan(0, inSection)));
        var rndis = new NvspRndisPacket { ChannelType = channelType, SectionIndex = index, SectionSize = sectionSize ?? (uint)inSection };
        byte[] rest = message[inSection..];
        ulong pages = Write(rest);
        byte[] answer = await AskAsync(Packet(NvspMessageType.SendRndisPacket, rndis), pages, rest.Length);
        Free(pages, rest.Length);
        Assert.Equal(NvspMessageType.SendRndisPacketComplete, MemoryMarshal.Read<NvspMessageType>(answer));
        return MemoryMarshal.Read<NvspStatus>(answer.AsSpan(Nvsp.HeaderSize));
    }

    public async Task<TAnswer> AskAsync<TQuestion, TAnswer>(NvspMessageType type, TQuestion question) where TQuestion : unmanaged where TAnswer : unmanaged =>
        MemoryMarshal.Read<TAnswer>((await AskAsync(Packet(type, question))).AsSpan(Nvsp.HeaderSize));

    /// <summary>Sends what wants no answer.</summary>
    public async Task TellAsync<T>(NvspMessageType type, T body) where T : unmanaged
    {
        await _sending.WaitAsync();
        try
        {
            while (!Channel.TrySend(OutgoingPacket.InBand(Packet(type, body))))
                Assert.True(await Channel.WaitToWriteAsync(64).AsTask().WaitAsync(Patience.Limit));
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends a packet and waits for the one that completes it.</summary>
    public async Task<byte[]> AskAsync(byte[] packet, ulong pages = 0, int length = 0)
    {
        ulong id = (ulong)Interlocked.Increment(ref _lastId);
        var asked = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = asked;
        await _sending.WaitAsync();
        try
        {
            while (!TrySend(packet, pages, length, id))
                Assert.True(await Channel.WaitToWriteAsync(packet.Length + 64 + length / 512).AsTask().WaitAsync(Patience.Limit), "the channel has ended");
        }
        finally
        {
            _sending.Release();
        }
        return await asked.Task.WaitAsync(Patience.Limit);
    }

    /// <summary>Completes a packet of the host, or one that there is not.</summary>
    public async Task CompleteAsync(ulong id)
    {
        await _sending.WaitAsync();
        try
        {
            while (!Channel.TrySend(OutgoingPacket.Completion(Packet(NvspMessageType.SendRndisPacketComplete, NvspStatus.Success), id)))
                Assert.True(await Channel.WaitToWriteAsync(64).AsTask().WaitAsync(Patience.Limit));
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Gives the host the sections back that it was not given at once.</summary>
    public async Task CompleteHeldAsync()
    {
        while (_held.TryDequeue(out ulong id))
            await CompleteAsync(id);
    }

    public async Task<byte[]> FrameAsync() => await Task.Run(() => Frames.TryTake(out byte[]? frame, Patience.Limit) ? frame : throw new IOException("no frame came, or the channel has ended"));

    public static byte[] Packet<T>(NvspMessageType type, T body) where T : unmanaged
    {
        var packet = new byte[Nvsp.MessageSize];
        NvspProtocol.Write(packet, type, in body);
        return packet;
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await _reading;
        _sending.Dispose();
        Frames.Dispose();
    }

    private static byte[] Request(RndisOid oid, int length)
    {
        var request = new byte[RndisRequest.Size - sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(request, (uint)oid);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(4), length);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(8), RndisRequest.Size);
        return request;
    }

    private async Task<uint> ShareSendAsync()
    {
        lock (_memory)
            SendPage = _memory.AllocatePages(SendPages);
        return await _bus.ShareAsync(Offer, SendPage, SendPages);
    }

    // Data begin at byte 8 of their first page: offsets are tested with every packet.
    private ulong Write(byte[] bytes)
    {
        if (bytes.Length == 0)
            return 0;
        ulong pages;
        lock (_memory)
            pages = _memory.AllocatePages((8 + bytes.Length + 4095) / 4096);
        Assert.True(_memory.TryWrite(pages + 8, bytes));
        return pages;
    }

    private void Free(ulong pages, int length)
    {
        if (pages == 0)
            return;
        lock (_memory)
            _memory.FreePages(pages, (8 + length + 4095) / 4096);
    }

    private bool TrySend(byte[] packet, ulong pages, int length, ulong id)
    {
        if (length == 0)
            return Channel.TrySend(OutgoingPacket.Request(packet, id));
        var numbers = new ulong[(8 + length + 4095) / 4096];
        for (int page = 0; page < numbers.Length; page++)
            numbers[page] = pages / 4096 + (ulong)page;
        var writer = new GpaDirectHeaderWriter(new byte[16 + 8 * numbers.Length]);
        writer.AddRange((uint)length, 8, numbers);
        return Channel.TrySend(OutgoingPacket.GpaDirect(writer, packet, id));
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await Channel.WaitToReadAsync())
            {
                foreach (ulong id in TakeAll())
                {
                    if (!TryHold(id))
                        await CompleteAsync(id);
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The test has closed it.
        }
        // What waits for more waits in vain.
        Frames.CompleteAdding();
        foreach (TaskCompletionSource<byte[]> waiting in _asked.Values.Concat(_questions.Values))
            waiting.TrySetException(new IOException("the channel has ended"));
    }

    private bool TryHold(ulong id)
    {
        lock (_held)
        {
            if (!_completesAtOnce)
                _held.Enqueue(id);
            return !_completesAtOnce;
        }
    }

    private List<ulong> TakeAll()
    {
        List<ulong> received = [];
        using ChannelReadBatch batch = Channel.ReadBatch();
        foreach (RingPacket packet in batch)
        {
            if (packet.Type == PacketType.Completion && _asked.TryRemove(packet.TransactionId, out TaskCompletionSource<byte[]>? asked))
                asked.SetResult(packet.Payload.ToArray());
            else if (packet.Type == PacketType.DataUsingTransferPages)
                received.Add(Take(packet));
        }
        batch.Commit();
        return received;
    }

    private ulong Take(RingPacket packet)
    {
        Assert.Equal(ReceiveBufferId, packet.TransferPageSetId);
        foreach (TransferPageRange range in packet.TransferPageRanges)
        {
            // A section that lies in its buffer, and no bytes behind it.
            Assert.True(range.ByteOffset % Sections.SubAllocationSize == 0 && range.ByteCount <= Sections.SubAllocationSize);
            var message = new byte[range.ByteCount];
            Assert.True(_memory.TryRead(ReceivePage + range.ByteOffset, message));
            Assert.Equal((uint)message.Length, BitConverter.ToUInt32(message, 4));
            switch ((RndisMessageType)BitConverter.ToUInt32(message))
            {
                case RndisMessageType.Packet:
                    Assert.True(RndisFrame.TryRead(message, NvspProtocol.LongestFrame, out ReadOnlySpan<byte> frame, out _));
                    Frames.Add(frame.ToArray());
                    break;
                case RndisMessageType.IndicateStatus:
                    Indicated.Enqueue((RndisStatus)BitConverter.ToUInt32(message, 8));
                    break;
                default:
                    if (_questions.TryRemove(BitConverter.ToUInt32(message, 8), out TaskCompletionSource<byte[]>? question))
                        question.SetResult(message);
                    break;
            }
        }
        return packet.TransactionId;
    }
}
