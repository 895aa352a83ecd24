// What a call costs when two producers write to one ring at once: ours beside a ring of one producer within a spin lock, and
// within the framework's lock.
//
//   dotnet run -c Release --project bench/Benchmarks -- contended [--rounds 200]

using System.Diagnostics;
using System.Globalization;
using VmBus.Tool;

namespace VmBus.Benchmarks.Contended;

/// <summary>The <c>contended</c> verb.</summary>
internal static class ContendedRun
{
    // As many as fit, so that no reader takes part: it empties the ring between the slices, untimed.
    internal const int RingSize = 1 << 20;
    private const int Payload = 64;
    private const int Calls = RingSize / (Payload + 24) / 2 - 64;

    private static readonly Func<IContendedWriter>[] Writers = [() => new OurProducers(), () => new SpinLocked(), () => new Locked()];

    /// <summary>Measures every writer in turn, slice by slice, and prints percentiles of a call.</summary>
    /// <param name="args">What follows the verb.</param>
    /// <param name="output">Gets the table.</param>
    /// <returns>0, or 2 when the arguments are wrong.</returns>
    public static int Run(string[] args, TextWriter output)
    {
        int rounds = 200;
        if (args is not [] && !(args is ["--rounds", var count] && int.TryParse(count, CultureInfo.InvariantCulture, out rounds) && rounds > 0))
        {
            output.WriteLine($"Not understood: {string.Join(' ', args)}. contended [--rounds N]");
            return 2;
        }

        IContendedWriter[] writers = [.. Writers.Select(make => make())];
        Measured[] cells = [.. writers.Select(_ => new Measured())];
        using var pair = new ProducerPair(Calls, new byte[Payload]);
        for (int round = -50; round < rounds; round++)
        {
            for (int turn = 0; turn < writers.Length; turn++)
            {
                int which = (turn + rounds + round) % writers.Length;
                pair.Slice(writers[which], round < 0 ? null : cells[which]);
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Two producers, {Payload} B, {Calls} calls each a slice: ns a call by percentile, ns a packet over both; the median slice. A slice that the machine took away from a thread is one call of it."));
        output.WriteLine("writer                                 p50     p90     p99   p99.9  p99.99   ns/packet   faster side");
        for (int i = 0; i < writers.Length; i++)
        {
            Measured cell = cells[i];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{writers[i].Name,-34} {cell.Calls.Percentile(50),7} {cell.Calls.Percentile(90),7} {cell.Calls.Percentile(99),7} {cell.Calls.Percentile(99.9),7} {cell.Calls.Percentile(99.99),7} {cell.PerPacket,11:F1} {cell.Share,12:P0}"));
        }

        return 0;
    }

    /// <summary>What the slices of one writer came to.</summary>
    internal sealed class Measured
    {
        private readonly List<double> _perPacket = [];
        private readonly List<double> _shares = [];

        public LatencyHistogram Calls { get; } = new();

        public double PerPacket => Median(_perPacket);

        /// <summary>How far the faster side was when it ended: its calls as a part of all until then.</summary>
        public double Share => Median(_shares);

        public void Add(LatencyHistogram contended, double perPacket, double share)
        {
            Calls.Add(contended);
            _perPacket.Add(perPacket);
            _shares.Add(share);
        }

        private static double Median(List<double> values) => values.Count == 0 ? double.NaN : values.Order().ElementAt(values.Count / 2);
    }

    /// <summary>Two threads, a core each, that write at once.</summary>
    private sealed class ProducerPair : IDisposable
    {
        private readonly int _calls;
        private readonly byte[] _payload;
        private readonly Barrier _barrier = new(3);
        private readonly Thread[] _threads;
        private readonly (long Start, long End)[] _sides = new (long, long)[2];
        private readonly long[][] _scratch;
        private readonly int[] _done = new int[64];
        private IContendedWriter? _writer;
        private int _slower;        // which side is behind when the other has made its calls, and how many of its own it has
        private int _slowerDone;
        private int _ready;

        public ProducerPair(int calls, byte[] payload)
        {
            _calls = calls;
            _payload = payload;
            _scratch = [new long[calls], new long[calls]];
            _threads = [.. Enumerable.Range(0, 2).Select(side => new Thread(() => Loop(side)) { IsBackground = true, Name = $"producer {side}" })];
            foreach (Thread thread in _threads)
                thread.Start();
        }

        public void Slice(IContendedWriter writer, Measured? into)
        {
            _writer = writer;
            _ready = 2;
            _slowerDone = _calls;
            _done[0] = _done[32] = 0;
            _barrier.SignalAndWait();
            _barrier.SignalAndWait();
            if (writer.Empty() != 2 * _calls)
                throw new InvalidOperationException($"{writer.Name}: packets are missing.");
            if (into is null)
                return;
            // Only while both write is a call contended: what the slower side writes alone at its end does not count.
            LatencyHistogram contended = new();
            for (int side = 0; side < 2; side++)
            {
                foreach (long ticks in _scratch[side].AsSpan(0, side == _slower ? _slowerDone : _calls))
                    contended.Record((long)(ticks * 1e9 / Stopwatch.Frequency));
            }

            long start = Math.Min(_sides[0].Start, _sides[1].Start), end = Math.Max(_sides[0].End, _sides[1].End);
            into.Add(contended, (end - start) * 1e9 / Stopwatch.Frequency / (2.0 * _calls), _calls / (double)(_calls + _slowerDone));
        }

        public void Dispose()
        {
            _writer = null;
            _barrier.SignalAndWait();
            foreach (Thread thread in _threads)
                thread.Join();
            _barrier.Dispose();
        }

        private void Loop(int side)
        {
            if (side == 0)
                Cores.TakeGuest();
            else
                Cores.TakeHost();
            while (true)
            {
                _barrier.SignalAndWait();
                if (_writer is not { } writer)
                    return;
                Write(writer, side);
                _barrier.SignalAndWait();
            }
        }

        private void Write(IContendedWriter writer, int side)
        {
            long[] ticks = _scratch[side];
            ref int mine = ref _done[side * 32];
            Interlocked.Decrement(ref _ready);
            while (Volatile.Read(ref _ready) > 0)
                Thread.SpinWait(1);
            long start = Stopwatch.GetTimestamp(), before = start;
            for (int i = 0; i < ticks.Length; i++)
            {
                if (!writer.TryWrite(_payload))
                    throw new InvalidOperationException("The ring is full.");
                long after = Stopwatch.GetTimestamp();
                ticks[i] = after - before;
                before = after;
                mine = i + 1;
            }

            int other = Volatile.Read(ref _done[(1 - side) * 32]);
            if (other < _calls)
                (_slower, _slowerDone) = (1 - side, other);
            _sides[side] = (start, before);
        }
    }
}
