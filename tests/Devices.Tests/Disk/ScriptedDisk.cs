namespace VmBus.Devices.Tests.Disk;

/// <summary>A disk of zeros whose calls a test plays.</summary>
internal sealed class ScriptedDisk : IBlockDevice
{
    private int _calls;

    /// <summary>The names of the calls.</summary>
    public static TheoryData<string> Names => ["read", "write", "flush", "unmap"];

    /// <summary>What a call of this name does; all others do nothing.</summary>
    public string Name { get; init; } = "";

    public Func<ValueTask> Play { get; set; } = static () => default;

    /// <summary>How many calls of the name have begun.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public long Length => 64 * IBlockDevice.BlockSize;

    public bool IsReadOnly => false;

    public bool CanUnmap => true;

    public ValueTask ReadAsync(long offset, Memory<byte> destination)
    {
        destination.Span.Fill(0xAB);
        return Enter("read");
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source) => Enter("write");

    public ValueTask FlushAsync() => Enter("flush");

    public ValueTask UnmapAsync(long offset, long length) => Enter("unmap");

    /// <summary>Has the guest ask for what makes the call.</summary>
    public static async Task<StorageResult> AskAsync(StorageGuest guest, string name)
    {
        byte[] list = Cdb.UnmapList((0, 1));
        return name switch
        {
            "read" => (await guest.ReadAsync(Cdb.Read16(0, 1), 512)).Result,
            "write" => await guest.WriteAsync(Cdb.Write16(0, 1), new byte[512]),
            "flush" => await guest.WriteAsync(Cdb.SynchronizeCache10()),
            _ => await guest.WriteAsync(Cdb.Unmap(list.Length), list),
        };
    }

    private ValueTask Enter(string name)
    {
        if (name != Name)
            return default;
        Interlocked.Increment(ref _calls);
        return Play();
    }
}
