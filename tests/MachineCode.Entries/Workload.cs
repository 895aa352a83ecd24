// Takes every entry down its common and its rare routes, so that a compiler that learns from running (tiered PGO) has
// met both.

using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Pipes;

namespace VmBus.MachineCode;

/// <summary>Runs every entry of <see cref="Entries"/> on memory of its own.</summary>
public sealed class Workload : IDisposable
{
    private readonly CountingPath _path = new();
    private readonly PinnedPages _pages = new(2);
    private readonly ChannelSignaler _dedicated;
    private readonly ChannelSignaler _shared;
    private readonly ChannelSignaler _concurrent;
    private readonly RingMemory _there = RingMemory.Allocate(4096);
    private readonly OutgoingRing _outgoing;
    private readonly IncomingRing _reader;
    private readonly VmBusChannel _channel;
    private readonly VmBusChannel _far;
    private readonly PipeStream _pipe;
    private readonly PipeStream _farPipe;
    private readonly Hypervisor _hypervisor = new(new HypervisorOptions { MonitorScan = MonitorScan.Stepped, SharedMemory = false });
    private readonly EventFlagSignalPath _flagPath;
    private readonly MonitorExaminer _examiner;

    /// <summary>Sets up a channel, its pages and an examiner.</summary>
    public Workload()
    {
        _dedicated = Signaler(dedicated: true);
        _shared = Signaler(dedicated: false);
        _concurrent = Signaler(dedicated: false, concurrent: true);
        _outgoing = new OutgoingRing(_there);
        _reader = new IncomingRing(_there);
        RingMemory back = RingMemory.Allocate(4096);
        _channel = new VmBusChannel(_outgoing, new IncomingRing(back), _dedicated, new NoWait());
        _far = new VmBusChannel(new OutgoingRing(back), _reader, _shared, new NoWait());
        _pipe = new PipeStream(_channel, leaveOpen: true);
        _farPipe = new PipeStream(_far, leaveOpen: true);
        VirtualProcessor processor = _hypervisor.CreatePartition(1 << 20).VirtualProcessors[0];
        _flagPath = new EventFlagSignalPath(processor, 3, new InterruptPageView(_pages[1]));
        _examiner = new MonitorExaminer(new MonitorPageView(_pages[0]), new MonitorOptions(), static (_, _) => HypercallStatus.Success);
    }

    /// <summary>Immediate signals made so far.</summary>
    public long Signals => _path.Signals;

    /// <summary>Takes every entry down its routes.</summary>
    /// <param name="rounds">How often.</param>
    public void Run(int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            Bits(round);
            Modes(round);
            Rings();
            Pages(round);
            Counts();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        _far.Dispose();
        _hypervisor.Dispose();
    }

    private static void Bits(int round)
    {
        uint word32 = 0;
        ulong word64 = 0;
        Entries.SetInWord32(ref word32, round & 31);
        Entries.SetInWord64(ref word64, round & 63);
        Entries.ClearInWord32(ref word32, round & 31);
        Expect(word32 == 0 && word64 == 1UL << round);
        Expect(!Entries.TestAndSetInWord32(ref word32, 3));
        Span<uint> span32 = [0, 0];
        Entries.SetInSpan32(span32, 33);
        Expect(span32[1] == 2);
        Span<ulong> span64 = [0, 0];
        Entries.SetInSpan64(span64, 65);
        Entries.SetInSpan64(span64, 70);
        Expect(Entries.FirstOfDrain(span64) == 65 && span64[1] == 1 << 6);
        Entries.ClearInSpan64(span64, 70);
        Expect(span64[1] == 0);
    }

    private void Modes(int round)
    {
        SignalMode mode = (SignalMode)(round % 3);
        foreach (ChannelSignaler signaler in (ReadOnlySpan<ChannelSignaler>)[_dedicated, _shared, _concurrent])
        {
            Entries.SetMode(signaler, mode);
            Entries.Signal(signaler, round);
            Entries.SignalRoom(signaler);
        }

        Entries.SetMode(_dedicated, SignalMode.Monitored);
    }

    private void Rings()
    {
        Span<byte> payload = stackalloc byte[64];
        while (Entries.Write(_outgoing, payload))
        {
        }

        Expect(!Entries.RequestRoom(_outgoing, payload.Length));
        Expect(Entries.ReadAndCommit(_reader));
        Expect(Entries.RequestRoom(_outgoing, payload.Length));
        Expect(!Entries.Unmask(_reader));
        for (int i = 0; i < 5; i++)
            Expect(Entries.Send(_channel, payload));
        Expect(Entries.Unmask(_reader));
        Entries.ReadAndCommit(_reader);
        Drain();
    }

    private void Counts()
    {
        Span<byte> payload = stackalloc byte[64];
        Expect(Counted.Write(_outgoing, payload) && Counted.Read(_reader) == 1);
        Expect(Counted.WriteBatch(_outgoing, payload) && Counted.Read(_reader) == 0);
        Expect(Counted.Send(_channel, payload) && Counted.ReadChannel(_far) == 0);
        Counted.WritePipe(_pipe, payload);
        Expect(Counted.ReadPipe(_farPipe, payload) == payload.Length);
    }

    private void Drain()
    {
        using IncomingBatch batch = _reader.ReadBatch();
        while (batch.TryNext(out _))
        {
        }

        batch.Commit();
    }

    private void Pages(int round)
    {
        int monitor = round & 127;
        Entries.SetReceiveBit(_flagPath);
        Entries.Register(_examiner, monitor);
        Entries.EnableGroup(_examiner, monitor / 32, enabled: false);
        Entries.EnableGroup(_examiner, monitor / 32, enabled: true);
        _examiner.Unregister(monitor);
    }

    private ChannelSignaler Signaler(bool dedicated, bool concurrent = false) => new(new SignalBinding
    {
        ChildRelid = 7,
        Path = _path,
        MonitorPage = new MonitorPageView(_pages[0]),
        MonitorId = 42,
        InterruptPage = new InterruptPageView(_pages[1]),
        HasDedicatedInterrupt = dedicated,
        IsConcurrent = concurrent,
    });

    private static void Expect(bool condition)
    {
        if (!condition)
            throw new InvalidOperationException("An operation did not do its work.");
    }

    private sealed class CountingPath : ISignalPath
    {
        public SignalCapabilities Capabilities => SignalCapabilities.Monitor | SignalCapabilities.Hypercall | SignalCapabilities.LatencyHint;

        public long Signals { get; private set; }

        public HypercallStatus Signal()
        {
            Signals++;
            return HypercallStatus.Success;
        }
    }

    private sealed class NoWait : ISignalWait
    {
        public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default) => true;

        public ValueTask WaitAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public void Close(string reason)
        {
        }
    }
}
