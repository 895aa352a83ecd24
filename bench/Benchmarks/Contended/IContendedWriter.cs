namespace VmBus.Benchmarks.Contended;

/// <summary>A ring that several threads write to.</summary>
internal interface IContendedWriter
{
    /// <summary>What it is called in the table.</summary>
    string Name { get; }

    /// <summary>Writes one packet. Any thread.</summary>
    bool TryWrite(byte[] payload);

    /// <summary>Reads all there is. No thread writes.</summary>
    /// <returns>Packets read.</returns>
    int Empty();
}

/// <summary>A ring and how it is emptied.</summary>
internal abstract class ContendedRing : IContendedWriter
{
    private readonly IncomingRing _incoming;

    protected ContendedRing(bool multiProducer)
    {
        RingMemory memory = RingMemory.Allocate(ContendedRun.RingSize);
        Outgoing = new OutgoingRing(memory, new OutgoingRingOptions { MultiProducer = multiProducer });
        _incoming = new IncomingRing(memory);
    }

    public abstract string Name { get; }

    protected OutgoingRing Outgoing { get; }

    public abstract bool TryWrite(byte[] payload);

    public int Empty()
    {
        int read = 0;
        using IncomingBatch batch = _incoming.ReadBatch();
        while (batch.TryNext(out _))
            read++;
        batch.Commit();
        return read;
    }
}

/// <summary>Our ring of several producers.</summary>
internal sealed class OurProducers() : ContendedRing(multiProducer: true)
{
    public override string Name => "ours, several producers";

    public override bool TryWrite(byte[] payload) => Outgoing.TryWrite(payload, 0, default, out _);
}

/// <summary>A ring of one producer within a test-and-set lock that spins.</summary>
internal sealed class SpinLocked() : ContendedRing(multiProducer: false)
{
    private int _lock;

    public override string Name => "one producer, in a spin lock";

    public override bool TryWrite(byte[] payload)
    {
        while (Interlocked.Exchange(ref _lock, 1) != 0)
            Thread.SpinWait(1);
        bool written = Outgoing.TryWrite(payload, 0, default, out _);
        Volatile.Write(ref _lock, 0);
        return written;
    }
}

/// <summary>A ring of one producer within the framework's lock.</summary>
internal sealed class Locked() : ContendedRing(multiProducer: false)
{
    private readonly Lock _lock = new();

    public override string Name => "one producer, in System.Threading.Lock";

    public override bool TryWrite(byte[] payload)
    {
        lock (_lock)
            return Outgoing.TryWrite(payload, 0, default, out _);
    }
}
