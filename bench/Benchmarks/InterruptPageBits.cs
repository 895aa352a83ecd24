using BenchmarkDotNet.Attributes;
using VmBus.Layout;

namespace VmBus.Benchmarks;

/// <summary>The sync_set_bit family on one half of an interrupt page: 256 words, 16384 relids, no other thread on them.</summary>
public class InterruptPageBits
{
    private readonly PinnedPage _page = new();

    /// <summary>The channel; the first and the last word of the half.</summary>
    [Params(42, 16383)]
    public int Relid { get; set; }

    private Span<ulong> Half => new InterruptPageView(_page.Address).Receive;

    [Benchmark]
    public void Set() => SyncBits.Set(Half, Relid);

    [Benchmark]
    public void Clear() => SyncBits.Clear(Half, Relid);

    [Benchmark]
    public void Change() => SyncBits.Change(Half, Relid);

    [Benchmark]
    public bool Test() => SyncBits.Test(Half, Relid);

    [Benchmark]
    public bool TestAndSet() => SyncBits.TestAndSet(Half, Relid);

    [Benchmark]
    public bool TestAndClear() => SyncBits.TestAndClear(Half, Relid);

    [Benchmark]
    public bool TestAndChange() => SyncBits.TestAndChange(Half, Relid);

    /// <summary>Looks through the half up to the bit.</summary>
    [Benchmark]
    public int SetFindFirst()
    {
        SyncBits.Set(Half, Relid);
        return SyncBits.FindFirst(Half);
    }

    /// <summary>Takes every bit of the half; there is one.</summary>
    [Benchmark]
    public int SetDrain()
    {
        SyncBits.Set(Half, Relid);
        int seen = 0;
        foreach (int relid in SyncBits.Drain(Half))
            seen += relid;
        return seen;
    }
}
