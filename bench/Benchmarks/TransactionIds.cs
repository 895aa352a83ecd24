using BenchmarkDotNet.Attributes;

namespace VmBus.Benchmarks;

/// <summary>A transaction id given out, and matched with its completion.</summary>
public class TransactionIds
{
    private TransactionTable<int> _table = null!;
    private ulong[] _inFlight = [];
    private int _oldest;

    [Params(16, 256)]
    public int InFlight { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _table = new TransactionTable<int>(InFlight + 1);
        _inFlight = new ulong[InFlight];
        for (int i = 0; i < InFlight; i++)
            _table.TryAdd(i, out _inFlight[i]);
        _oldest = 0;
    }

    /// <summary>One more request; the oldest completes.</summary>
    [Benchmark(Baseline = true)]
    public int AddComplete()
    {
        _table.TryAdd(_oldest, out ulong id);
        _table.TryComplete(_inFlight[_oldest], out int state);
        _inFlight[_oldest] = id;
        _oldest = _oldest + 1 < InFlight ? _oldest + 1 : 0;
        return state;
    }

    /// <summary>A completion for a request that was never made.</summary>
    [Benchmark]
    public bool RefuseForged() => _table.TryComplete(_inFlight[_oldest] + (1UL << 40), out _);
}
