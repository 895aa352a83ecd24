// Requests of a guest to a disk, in one process: packets into the ring, 32 at a time, carried out by the controller, completions out
// of it. Beside it the same reads as calls of the file, and packets as long that an echo sends back.

using System.Diagnostics;
using System.Globalization;
using VmBus.Devices;
using VmBus.Guests;
using VmBus.InMemory;

namespace VmBus.Benchmarks.Disk;

/// <summary>What a disk costs beside what there is to do.</summary>
internal sealed class DiskRun : IDisposable
{
    private const int Depth = 32;
    private const int FileLength = 64 << 20;
    private const int Stride = 64 << 10;
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(0.5);

    private readonly string _path = Path.GetTempFileName();
    private readonly InMemoryMachine _machine = new(new InMemoryMachineOptions { GuestMemorySize = 64 << 20 });
    private readonly ScsiController _controller = new();
    private readonly BlockFile _file;
    private readonly VmBusChannel _disk, _echo;
    private readonly byte[][] _packets = new byte[FileLength / Stride][];
    private int _bytes;
    private int _next;
    private ulong[] _numbers = [];
    private byte[] _header = [];
    private byte[] _buffer = [];
    private ulong _pages;

    private DiskRun()
    {
        File.WriteAllBytes(_path, new byte[FileLength]);
        _file = BlockFile.Open(_path);
        _controller.Attach(0, _file);
        _machine.Host.OfferAsync(ScsiController.Offer(), _controller).Wait();
        _machine.Host.OfferAsync(EchoDevice.Offer(), new EchoDevice()).Wait();
        var options = new GuestChannelOptions { OutgoingSize = 256 << 10, IncomingSize = 256 << 10 };
        _disk = _machine.OpenAsync(ScsiController.Offer(), options).Result;
        _echo = _machine.OpenAsync(EchoDevice.Offer(), options).Result;
        foreach (StorageOperation operation in new[] { StorageOperation.BeginInitialization, StorageOperation.QueryProtocolVersion, StorageOperation.QueryProperties, StorageOperation.EndInitialization })
        {
            var packet = new byte[StoragePacketHeader.PacketSize];
            packet[0] = (byte)operation;
            BitConverter.TryWriteBytes(packet.AsSpan(StoragePacketHeader.Size), StorageProtocolVersion.V6_2);
            _disk.TrySend(OutgoingPacket.Request(packet, 1));
            Drain(_disk, 1);
        }
    }

    /// <summary>Measures, best of five slices each, taken in turns.</summary>
    public static int Run(TextWriter output)
    {
        using var run = new DiskRun();
        output.WriteLine("bytes   file alone            ring alone  disk                  disk/file  disk/ring  allocated: ring, disk");
        foreach (int bytes in new[] { 512, 4096, 65536, 524288 })
            run.Measure(bytes, output);
        return run._controller.Statistics.FailedCommands == 0 ? 0 : 1;
    }

    private void Measure(int bytes, TextWriter output)
    {
        _bytes = bytes;
        _numbers = new ulong[(bytes + 4095) / 4096];
        _header = new byte[16 + 8 * _numbers.Length];
        _buffer = new byte[bytes];
        _pages = _machine.GuestPartition.Memory.AllocatePages(_numbers.Length * Depth);
        for (int packet = 0; packet < _packets.Length; packet++)
            _packets[packet] = Read(Math.Min((long)packet * Stride, FileLength - bytes));
        double file = 0, ring = 0, disk = 0, ringBytes = double.MaxValue, diskBytes = double.MaxValue;
        for (int slice = 0; slice < 5; slice++)
        {
            file = Math.Max(file, Rate(FileAlone).Rate);
            // The same packets, which an echo does not take apart.
            (double rate, double perRequest) = Rate(() => Send(_echo));
            (ring, ringBytes) = (Math.Max(ring, rate), Math.Min(ringBytes, perRequest));
            (rate, perRequest) = Rate(() => Send(_disk));
            (disk, diskBytes) = (Math.Max(disk, rate), Math.Min(diskBytes, perRequest));
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{bytes,-7} {Text(file)}  {ring / 1000,6:F0} k/s  {Text(disk)}  {disk / file,9:F2}  {disk / ring,9:F2}  {ringBytes:F1}, {diskBytes:F1} B a request"));
        _machine.GuestPartition.Memory.FreePages(_pages, _numbers.Length * Depth);
    }

    private string Text(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate / 1000,6:F0} k/s {rate * _bytes / 1e9,5:F2} GB/s");

    private static (double Rate, double Allocated) Rate(Action round)
    {
        round();
        long allocated = GC.GetTotalAllocatedBytes(precise: true), start = Stopwatch.GetTimestamp(), rounds = 0;
        do
            round();
        while (Stopwatch.GetElapsedTime(start) is var elapsed && ++rounds > 0 && elapsed < Slice);
        double requests = rounds * Depth;
        return (requests / Stopwatch.GetElapsedTime(start).TotalSeconds, (GC.GetTotalAllocatedBytes(precise: true) - allocated) / requests);
    }

    private void FileAlone()
    {
        for (int request = 0; request < Depth; request++)
            _file.ReadAsync(Math.Min(Next() * (long)Stride, FileLength - _bytes), _buffer).AsTask().Wait();
    }

    private void Send(VmBusChannel channel)
    {
        for (int request = 0; request < Depth; request++)
        {
            for (int page = 0; page < _numbers.Length; page++)
                _numbers[page] = _pages / 4096 + (ulong)(request * _numbers.Length + page);
            var writer = new GpaDirectHeaderWriter(_header);
            writer.AddRange((uint)_bytes, 0, _numbers);
            while (!channel.TrySend(OutgoingPacket.GpaDirect(writer, _packets[Next()], 1)))
                channel.WaitToWrite(StoragePacketHeader.PacketSize + _header.Length, Timeout.InfiniteTimeSpan);
        }
        Drain(channel, Depth);
    }

    private int Next() => _next = (_next + 37) % _packets.Length;

    private static void Drain(VmBusChannel channel, int count)
    {
        while (count > 0)
        {
            channel.WaitToRead(Timeout.InfiniteTimeSpan);
            using ChannelReadBatch batch = channel.ReadBatch();
            while (batch.TryNext(out _))
                count--;
            batch.Commit();
        }
    }

    // READ (16).
    private byte[] Read(long offset)
    {
        var packet = new byte[StoragePacketHeader.PacketSize];
        packet[0] = (byte)StorageOperation.ExecuteSrb;
        var block = new ScsiRequestBlock { CdbLength = 16, Direction = ScsiRequestBlock.DataIn, DataTransferLength = (uint)_bytes };
        Span<byte> command = block.Payload;
        command[0] = (byte)ScsiOperation.Read16;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(command[2..], offset / IBlockDevice.BlockSize);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(command[10..], _bytes / IBlockDevice.BlockSize);
        System.Runtime.InteropServices.MemoryMarshal.Write(packet.AsSpan(StoragePacketHeader.Size), in block);
        return packet;
    }

    public void Dispose()
    {
        _disk.Dispose();
        _echo.Dispose();
        _machine.DisposeAsync().AsTask().Wait();
        _file.Dispose();
        File.Delete(_path);
    }
}
