namespace VmBus.Tool;

/// <summary>What one run of <c>vmbus latency</c> was asked to do. Validated by <see cref="Validate"/>.</summary>
internal sealed record LatencyOptions
{
    /// <summary>The shortest message: it carries its send time and its number.</summary>
    public const int MinMessageSize = 16;

    /// <summary>The longest message: a packet's length is a 16-bit count of 8 bytes, descriptor included.</summary>
    public const int MaxMessageSize = ushort.MaxValue * 8 - 16;

    /// <summary>How long each cell (one mode under one load) runs, on the clock of the run.</summary>
    public TimeSpan CellTime { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>The payload of each message in bytes.</summary>
    public int MessageSize { get; init; } = 64;

    /// <summary>The monitor latency: the scan examines the page this often. Multiples of 100 ns, as in the page.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>The mean time between paced messages, and between the urgent messages of the mixed load.</summary>
    public TimeSpan Pace { get; init; } = TimeSpan.FromMicroseconds(1000);

    /// <summary>The time between data messages of the mixed load.</summary>
    public TimeSpan DataPace { get; init; } = TimeSpan.FromMicroseconds(2);

    /// <summary>How long a waiting end spins before it sleeps.</summary>
    public TimeSpan Spin { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>The data bytes of each ring, a multiple of 4096.</summary>
    public int RingSize { get; init; } = 256 * 1024;

    /// <summary>The modes to run, in order, each at most once.</summary>
    public IReadOnlyList<SignalMode> Modes { get; init; } = Spelling.AllModes;

    /// <summary>The loads to run, in order, each at most once.</summary>
    public IReadOnlyList<LoadKind> Loads { get; init; } = Spelling.UsualLoads;

    /// <summary>1: guest and host in this process. 2: the host in a process of its own.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Under a fake clock, by discrete events, with the same output every time.</summary>
    public bool Simulate { get; init; }

    /// <summary>The modelled cost of an intercept, added to each hypercall.</summary>
    public TimeSpan HypercallCost { get; init; }

    /// <summary>The modelled cost of waking the host, added to each wake.</summary>
    public TimeSpan WakeCost { get; init; }

    /// <summary>One JSON document on standard output instead of tables.</summary>
    public bool Json { get; init; }

    /// <summary>Where to draw the distributions, or <see langword="null"/>.</summary>
    public string? PlotFile { get; init; }

    /// <summary>Where to record the conversation of guest and host, or <see langword="null"/>.</summary>
    public string? RecordFile { get; init; }

    /// <summary>The number of cells: modes times loads.</summary>
    public int CellCount => Modes.Count * Loads.Count;

    /// <summary>Checks what the types cannot.</summary>
    /// <exception cref="UsageException">The first thing that is wrong.</exception>
    public void Validate()
    {
        // A packet is a 16-byte descriptor, the payload rounded up to 8, and an 8-byte trailer; a ring is never full.
        int packet = 16 + (MessageSize + 7) / 8 * 8 + 8;
        if (packet >= RingSize)
            throw new UsageException($"--size {MessageSize}: a message of {Units.BinarySize(MessageSize)} does not fit a ring of {Units.BinarySize(RingSize)} (see --ring)");
        if (Simulate && Processes == 2)
            throw new UsageException("--simulate runs under one fake clock and so in one process: leave out --processes 2");
        if (RecordFile is not null && (Simulate || Processes == 2))
            throw new UsageException("--record needs a guest that connects: leave out --simulate and --processes 2, where channels are set up directly");
    }
}
