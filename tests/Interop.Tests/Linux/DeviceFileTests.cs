using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

// Regular files and pipes stand for devices: they answer with the same error numbers.
public sealed class DeviceFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vmbus-device");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_device_that_is_not_there_is_named_and_not_made()
    {
        string path = Path.Combine(_folder.FullName, "uio7");
        ErrnoException error = Assert.Throws<ErrnoException>(() => DeviceFile.Open(path));
        Assert.Equal(Errno.NoSuchFile, error.Errno);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void What_is_written_is_read_and_the_end_is_told()
    {
        string path = Make("data", []);
        using (DeviceFile writer = DeviceFile.Open(path, DeviceAccess.Write))
        {
            Assert.Equal(Errno.None, writer.Write([1, 2, 3, 4]));
            Assert.Equal(Errno.BadDescriptor, writer.Read(new byte[4], out _));
        }
        using DeviceFile reader = DeviceFile.Open(path, DeviceAccess.Read);
        byte[] buffer = new byte[8];
        Assert.Equal(Errno.None, reader.Read(buffer, out int length));
        Assert.Equal([1, 2, 3, 4], buffer[..length]);
        Assert.Equal(Errno.None, reader.Read(buffer, out length));
        Assert.Equal(0, length);
        Assert.Equal(Errno.BadDescriptor, reader.Write([1]));
        Assert.Equal(4, reader.GetLength());
    }

    [Fact]
    public void A_read_that_would_wait_says_so_and_a_signal_handler_does_not_end_one()
    {
        string path = Path.Combine(_folder.FullName, "pipe");
        Assert.Equal(0, TestLibc.MakeFifo(path, 0b110_000_000));
        using DeviceFile patient = DeviceFile.Open(path, DeviceAccess.ReadWrite, nonBlocking: false);
        using DeviceFile device = DeviceFile.Open(path);
        Assert.Equal(Errno.TryAgain, device.Read(new byte[4], out int length));
        Assert.Equal(0, length);

        using var storm = new SignalStorm();
        Background writer = Background.Run(() =>
        {
            Assert.True(SpinWait.SpinUntil(() => storm.Sent > 20, Patience.Limit));
            Assert.Equal(Errno.None, device.Write([9, 9, 9, 9]));
        });
        Assert.Equal(Errno.None, patient.Read(new byte[4], out length));
        Assert.Equal(4, length);
        writer.Join();
    }

    [Fact]
    public void The_lock_keeps_a_second_opener_out_until_the_first_has_closed()
    {
        string path = Make("uio0", []);
        DeviceFile first = DeviceFile.Open(path);
        using DeviceFile second = DeviceFile.Open(path);
        Assert.True(first.TryLock());
        Assert.False(second.TryLock());
        first.Dispose();
        Assert.True(second.TryLock());
    }

    [Fact]
    public void A_map_shows_the_file_from_its_offset_on_and_outlives_it()
    {
        int page = Environment.SystemPageSize;
        byte[] content = new byte[3 * page];
        content[page] = 7;
        string path = Make("maps", content);
        int live = MappedMemory.LiveCount;
        MappedMemory map;
        using (DeviceFile device = DeviceFile.Open(path))
            map = MappedMemory.Map(device, page, 2 * page);
        using (map)
        {
            Assert.Equal(7, Marshal.ReadByte(map.Address));
            Marshal.WriteByte(map.Address + page, 9);
            Assert.Equal(9, File.ReadAllBytes(path)[2 * page]);
        }
        Assert.Equal(live, MappedMemory.LiveCount);

        using DeviceFile again = DeviceFile.Open(path);
        Assert.Throws<ArgumentException>(() => MappedMemory.Map(again, 1, page));
        Assert.Throws<ArgumentException>(() => MappedMemory.Map(again, 0, page + 1));
        using DeviceFile readOnly = DeviceFile.Open(path, DeviceAccess.Read);
        Assert.Equal(Errno.AccessDenied, Assert.Throws<ErrnoException>(() => MappedMemory.Map(readOnly, 0, page)).Errno);
        Assert.Equal(live, MappedMemory.LiveCount);
    }

    [Fact]
    public void Detached_memory_keeps_what_it_had_and_no_longer_reaches_the_others()
    {
        int page = Environment.SystemPageSize;
        using MemfdHandle memory = MemfdHandle.Create("vmbus-detach", 2 * page);
        using MappedMemory ours = MappedMemory.Map(memory, 0, 2 * page);
        using MappedMemory theirs = MappedMemory.Map(memory, 0, 2 * page);
        nint address = ours.Address;
        Marshal.WriteInt32(theirs.Address + page, 42);

        ours.Detach();

        Assert.Equal(address, ours.Address);
        Assert.Equal(42, Marshal.ReadInt32(address + page));
        Marshal.WriteInt32(address + page, 43);
        Marshal.WriteInt32(theirs.Address, 44);
        Assert.Equal(42, Marshal.ReadInt32(theirs.Address + page));
        Assert.Equal(0, Marshal.ReadInt32(address));
        Assert.Single(ProcSelf.Mappings("vmbus-detach"));

        ours.Dispose();
        Assert.False(ProcSelf.IsMapped(address));
        Assert.Throws<ObjectDisposedException>(ours.Detach);
    }

    [Fact]
    public void A_file_that_knows_no_control_calls_says_so()
    {
        using DeviceFile device = DeviceFile.Open(Make("mshv", []));
        using EventFd signal = EventFd.Create();
        Assert.Equal(Errno.NoSuchControl, MshvControl.SignalEvent(device, 1, 0, out _));
        Assert.Equal(Errno.NoSuchControl, MshvControl.PostMessage(device, 1, 1, new byte[8], out _));
        Assert.Equal(Errno.NoSuchControl, MshvControl.SetEventFd(device, 5, signal));
        Assert.Equal(Errno.NoSuchControl, MshvControl.PauseMessages(device, true));
        Assert.Equal(Errno.NoSuchControl, MshvControl.RootHypercall(device, 0xC0, new byte[16], new byte[8], out ushort status));
        Assert.Equal(0, status);
        Assert.Throws<ArgumentException>(() => MshvControl.RootHypercall(device, 0xC0, new byte[4097], [], out _));
    }

    [Fact]
    public void An_adopted_descriptor_is_closed_with_its_owner()
    {
        using DeviceFile device = DeviceFile.Open(Make("other", [5]));
        int copy = TestLibc.Duplicate(device.Descriptor);
        DeviceFile adopted = DeviceFile.Adopt(copy, "partition");
        Assert.Equal("partition", adopted.Path);
        Assert.Equal(Errno.None, adopted.Read(new byte[1], out _));
        adopted.Dispose();
        Assert.Null(ProcSelf.Link(copy));
        Assert.Equal(Errno.BadDescriptor, Assert.Throws<ErrnoException>(() => DeviceFile.Adopt(copy, "partition")).Errno);
    }

    // Beyond the end of a file lies what lies behind a device that is gone: an access is a SIGBUS, which ends the process.
    [Fact]
    public void Memory_that_is_not_there_any_more_detaches_as_zeros()
    {
        int page = Environment.SystemPageSize;
        byte[] content = new byte[page];
        content[5] = 7;
        using DeviceFile device = DeviceFile.Open(Make("short", content));
        using MappedMemory map = MappedMemory.Map(device, 0, 3 * page);

        map.Detach();

        Assert.Equal(7, Marshal.ReadByte(map.Address + 5));
        Assert.Equal(0, map.AsSpan()[page..].IndexOfAnyExcept((byte)0) + 1);
        Marshal.WriteByte(map.Address + 2 * page, 9);
        Assert.Equal(page, device.GetLength());
    }

    private string Make(string name, byte[] content)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
