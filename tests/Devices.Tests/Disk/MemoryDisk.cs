namespace VmBus.Devices.Tests.Disk;

/// <summary>Blocks in memory, with what a test needs: failures, calls that wait, counts.</summary>
internal sealed class MemoryDisk(int blocks, bool isReadOnly = false, bool canUnmap = true) : IBlockDevice
{
    private int _flushes;
    private int _running;
    private int _mostRunning;

    public byte[] Bytes { get; } = new byte[blocks * IBlockDevice.BlockSize];

    public long Length => Bytes.Length;

    public bool IsReadOnly => isReadOnly;

    public bool CanUnmap => canUnmap;

    /// <summary>What a call throws, by what it is: "read", "write", "flush", "unmap".</summary>
    public Func<string, Exception?>? Fails { get; set; }

    /// <summary>What each call waits for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int Flushes => Volatile.Read(ref _flushes);

    public List<(long Offset, long Length)> Unmapped { get; } = [];

    /// <summary>How many calls ran at once at the most.</summary>
    public int MostRunning => Volatile.Read(ref _mostRunning);

    public int Running => Volatile.Read(ref _running);

    public async ValueTask ReadAsync(long offset, Memory<byte> destination)
    {
        await EnterAsync("read");
        Bytes.AsMemory((int)offset, destination.Length).CopyTo(destination);
        Interlocked.Decrement(ref _running);
    }

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source)
    {
        await EnterAsync("write");
        source.CopyTo(Bytes.AsMemory((int)offset));
        Interlocked.Decrement(ref _running);
    }

    public async ValueTask FlushAsync()
    {
        await EnterAsync("flush");
        Interlocked.Increment(ref _flushes);
        Interlocked.Decrement(ref _running);
    }

    public async ValueTask UnmapAsync(long offset, long length)
    {
        await EnterAsync("unmap");
        Bytes.AsSpan((int)offset, (int)length).Clear();
        lock (Unmapped)
            Unmapped.Add((offset, length));
        Interlocked.Decrement(ref _running);
    }

    private async ValueTask EnterAsync(string what)
    {
        int running = Interlocked.Increment(ref _running);
        for (int most = MostRunning; running > most; most = MostRunning)
            Interlocked.CompareExchange(ref _mostRunning, running, most);
        if (!Gate.IsCompleted)
            await Gate;
        if (Fails?.Invoke(what) is { } failure)
        {
            Interlocked.Decrement(ref _running);
            throw failure;
        }
    }
}
