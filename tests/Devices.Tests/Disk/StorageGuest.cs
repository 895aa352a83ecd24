using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Devices.Tests.Disk;

/// <summary>How a guest's request ended.</summary>
internal readonly record struct StorageResult(StoragePacketHeader Header, ScsiRequestBlock Block)
{
    public ReadOnlyMemory<byte> Sense { get; } = ((ReadOnlySpan<byte>)Block.Payload).ToArray();

    /// <summary>The sense key, and its additional code and qualifier; <see langword="null"/> where there are no sense data.</summary>
    public (int Key, int Code)? Failure => (Block.SrbStatus & SrbStatus.AutosenseValid) == 0 ? null : (Sense.Span[2] & 0xF, (Sense.Span[12] << 8) | Sense.Span[13]);

    public bool IsGood => Block is { SrbStatus: SrbStatus.Success, ScsiStatus: ScsiStatus.Good } && Header.Status == NtStatus.Success;
}

/// <summary>The guest's end of a controller: storvsc in small, which sends what it is told to, right or wrong.</summary>
internal sealed class StorageGuest : IAsyncDisposable
{
    private readonly GuestMemory _memory;
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<byte[]>> _asked = [];
    private readonly ConcurrentQueue<byte[]> _unasked = [];
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Task _reading;
    private long _lastId = 0x1000;

    public StorageGuest(VmBusChannel channel, GuestMemory memory)
    {
        Channel = channel;
        _memory = memory;
        _reading = Task.Run(ReadAsync);
    }

    public VmBusChannel Channel { get; }

    /// <summary>Packets of the host that answer nothing.</summary>
    public IReadOnlyCollection<byte[]> Unasked => _unasked;

    public static async Task<StorageGuest> OpenAsync(InMemoryMachine machine, HostOffer? offer = null, bool negotiates = true)
    {
        var guest = new StorageGuest(await machine.OpenAsync(offer ?? ScsiController.Offer()), machine.GuestPartition.Memory);
        if (negotiates)
            await guest.NegotiateAsync(StorageProtocolVersion.V6_2);
        return guest;
    }

    public async Task<StorageChannelProperties> NegotiateAsync(ushort version)
    {
        Assert.Equal(NtStatus.Success, (await ControlAsync(StorageOperation.BeginInitialization)).Status);
        Assert.Equal(NtStatus.Success, (await ControlAsync(StorageOperation.QueryProtocolVersion, version)).Status);
        byte[] properties = await AskAsync(Packet(StorageOperation.QueryProperties));
        Assert.Equal(NtStatus.Success, (await ControlAsync(StorageOperation.EndInitialization)).Status);
        return MemoryMarshal.Read<StorageChannelProperties>(properties.AsSpan(StoragePacketHeader.Size));
    }

    public async Task<StoragePacketHeader> ControlAsync(StorageOperation operation, ushort argument = 0)
    {
        byte[] packet = Packet(operation);
        BinaryPrimitives.WriteUInt16LittleEndian(packet.AsSpan(StoragePacketHeader.Size), argument);
        StoragePacketHeader answer = MemoryMarshal.Read<StoragePacketHeader>(await AskAsync(packet));
        Assert.Equal(StorageOperation.CompleteIo, answer.Operation);
        return answer;
    }

    /// <summary>A command that reads.</summary>
    public async Task<(StorageResult Result, byte[] Data)> ReadAsync(byte[] command, int length, byte lun = 0)
    {
        ulong pages = Allocate(length);
        StorageResult result = await ExecuteAsync(command, ScsiRequestBlock.DataIn, pages, length, length, lun);
        var data = new byte[length];
        Assert.True(length == 0 || _memory.TryRead(pages + 8, data));
        Free(pages, length);
        return (result, data);
    }

    /// <summary>A command that writes, or that moves nothing.</summary>
    public async Task<StorageResult> WriteAsync(byte[] command, byte[]? data = null, byte lun = 0)
    {
        int length = data?.Length ?? 0;
        ulong pages = Allocate(length);
        Assert.True(length == 0 || _memory.TryWrite(pages + 8, data));
        StorageResult result = await ExecuteAsync(command, ScsiRequestBlock.DataOut, pages, length, length, lun);
        Free(pages, length);
        return result;
    }

    /// <summary>A command with all that can be wrong with it.</summary>
    public async Task<StorageResult> ExecuteAsync(
        byte[] command, byte direction, ulong pages, int rangeLength, int transferLength, byte lun = 0, byte? commandLength = null, byte path = 0, byte target = 0)
    {
        byte[] packet = Packet(StorageOperation.ExecuteSrb);
        var block = new ScsiRequestBlock
        {
            Length = ScsiRequestBlock.Size,
            PathId = path,
            TargetId = target,
            Lun = lun,
            CdbLength = commandLength ?? (byte)command.Length,
            SenseInfoLength = ScsiRequestBlock.CdbOrSense.Size,
            Direction = direction,
            DataTransferLength = (uint)transferLength,
        };
        command.CopyTo((Span<byte>)block.Payload);
        MemoryMarshal.Write(packet.AsSpan(StoragePacketHeader.Size), in block);
        byte[] answer = await AskAsync(packet, pages, rangeLength);
        return new StorageResult(MemoryMarshal.Read<StoragePacketHeader>(answer), MemoryMarshal.Read<ScsiRequestBlock>(answer.AsSpan(StoragePacketHeader.Size)));
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
                Assert.True(await Channel.WaitToWriteAsync(packet.Length + 32 + length / 512).AsTask().WaitAsync(Patience.Limit), "the channel has ended");
        }
        finally
        {
            _sending.Release();
        }
        return await asked.Task.WaitAsync(Patience.Limit);
    }

    public static byte[] Packet(StorageOperation operation)
    {
        var packet = new byte[StoragePacketHeader.PacketSize];
        var header = new StoragePacketHeader { Operation = operation, Flags = 1 };
        MemoryMarshal.Write(packet, in header);
        return packet;
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await _reading;
        _sending.Dispose();
    }

    public ulong Allocate(int length)
    {
        lock (_memory)
            return _memory.AllocatePages(Math.Max(1, (8 + length + 4095) / 4096));
    }

    private void Free(ulong pages, int length)
    {
        lock (_memory)
            _memory.FreePages(pages, Math.Max(1, (8 + length + 4095) / 4096));
    }

    // Data begin at byte 8 of their first page: offsets are tested with every command.
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
                TakeAll();
        }
        catch (ObjectDisposedException)
        {
            // The test has closed it.
        }
    }

    private void TakeAll()
    {
        using ChannelReadBatch batch = Channel.ReadBatch();
        foreach (RingPacket packet in batch)
        {
            if (packet.Type == PacketType.Completion && _asked.TryRemove(packet.TransactionId, out TaskCompletionSource<byte[]>? asked))
                asked.SetResult(packet.Payload.ToArray());
            else
                _unasked.Enqueue(packet.Payload.ToArray());
        }
        batch.Commit();
    }
}
