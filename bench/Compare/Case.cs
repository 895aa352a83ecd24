namespace VmBus.Compare;

/// <summary>What is measured.</summary>
/// <param name="Shape">How packets are written and read.</param>
/// <param name="Payload">Bytes of payload a packet, a multiple of 8.</param>
/// <param name="RingSize">Bytes in the ring's data area.</param>
internal sealed record Case(Shape Shape, int Payload, int RingSize)
{
    // The sockets' and pipes' own limits are as many bytes, or more.
    private const int PipeRingSize = 64 * 1024;

    /// <summary>Every case, in the order of the tables.</summary>
    public static IReadOnlyList<Case> All { get; } =
    [
        .. from shape in Enum.GetValues<Shape>()
           from ringSize in (int[])[64 * 1024, 1024 * 1024]
           from payload in (int[])[16, 64, 256, 1024, 4096]
           where shape is not (Shape.Pipe or Shape.AcrossPipe) || ringSize == PipeRingSize
           select new Case(shape, payload, ringSize),
    ];

    /// <summary>Bytes a packet takes in the ring.</summary>
    public int PacketLength => Payload + 24;

    /// <summary>How many packets the ring holds.</summary>
    public int Capacity => (RingSize - 8) / PacketLength;

    /// <summary>Packets to a publication: 32, or as many as the ring holds.</summary>
    public int Batch => Shape is Shape.Batch or Shape.AcrossBatch or Shape.Pipe ? Math.Min(32, Capacity) : 1;

    /// <summary>Whether two threads take part.</summary>
    public bool HasTwoThreads => Shape is Shape.AcrossOne or Shape.AcrossBatch or Shape.PingPong or Shape.AcrossPipe;

    /// <summary>Whether bytes go through a pipe, and not packets through a ring.</summary>
    public bool IsPipe => Shape is Shape.Pipe or Shape.AcrossPipe;

    /// <summary>Whether the sides sleep where they find nothing to do; in all other cases both poll.</summary>
    public bool Sleeps => Shape == Shape.AcrossPipe;

    /// <inheritdoc/>
    public override string ToString() => $"{Shape} {Payload} B {RingSize / 1024} KiB";
}
