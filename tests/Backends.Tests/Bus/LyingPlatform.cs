using System.Runtime.InteropServices;
using VmBus.Guests;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Bus;

/// <summary>A guest's platform that shows its host memory it does not have, breaks its rings, or loses interrupts.</summary>
internal sealed class LyingPlatform(IGuestPlatform honest) : IGuestPlatform
{
    private int _dropped;
    private int _passed;

    public ulong? WrongFrame { get; set; }

    public bool CorruptsRings { get; set; }

    public bool DropsFirstSignal { get; set; }

    public int Dropped => Volatile.Read(ref _dropped);

    public int Passed => Volatile.Read(ref _passed);

    public int VpCount => honest.VpCount;

    public HypercallStatus PostMessage(uint connectionId, ReadOnlySpan<byte> payload)
    {
        // Just before the host maps the rings: the write index of the guest's own ring points behind its end.
        if (CorruptsRings && payload[0] == (byte)VmBus.Protocol.ChannelMessageType.OpenChannel)
            Marshal.WriteInt32(_lastRing, 1 << 30);
        return honest.PostMessage(connectionId, payload);
    }

    private nint _lastRing;

    public IDisposable ReceiveMessages(HostMessageHandler handler) => honest.ReceiveMessages(handler);

    public IGuestPages AllocatePages(int count) =>
        WrongFrame is { } frame ? new LyingPages(honest.AllocatePages(count), frame) : honest.AllocatePages(count);

    public IGuestRings AllocateRings(int outgoingSize, int incomingSize)
    {
        IGuestRings rings = honest.AllocateRings(outgoingSize, incomingSize);
        _lastRing = ControlAddress(rings);
        return WrongFrame is { } frame ? new LyingRings(rings, frame) : rings;
    }

    public IGuestPages? TryAdoptPages(ReadOnlySpan<ulong> pageFrames) => honest.TryAdoptPages(pageFrames);

    public IGuestRings? TryAdoptRings(ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset) => honest.TryAdoptRings(pageFrames, downstreamPageOffset);

    public IMappedPage? TryMapHostPage(ulong gpa) => honest.TryMapHostPage(gpa);

    public ISignalPath CreateSignalPath(uint connectionId, bool isMonitored) => honest.CreateSignalPath(connectionId, isMonitored);

    public ISignalGate CreateGate() => DropsFirstSignal ? new DroppingGate(this, honest.CreateGate()) : honest.CreateGate();

    public IDisposable RouteEvents(uint flag, ISignalGate gate) => honest.RouteEvents(flag, gate);

    public void ShareEvents(InterruptPageView? page) => honest.ShareEvents(page);

    // In-memory guest memory is mapped in one piece; frame 0 lies at the mapping's start.
    private static nint ControlAddress(IGuestRings rings) => ((VmBus.Hosting.RingMapping)rings.Outgoing.Owner!).ControlAddress;

    private sealed class LyingPages(IGuestPages honest, ulong frame) : IGuestPages
    {
        public ReadOnlyMemory<ulong> PageFrames { get; } = Enumerable.Repeat(frame, honest.PageFrames.Length).ToArray();

        public nint Address => honest.Address;

        public void Leave() => honest.Leave();

        public void Dispose() => honest.Dispose();
    }

    private sealed class LyingRings(IGuestRings honest, ulong frame) : IGuestRings
    {
        public ReadOnlyMemory<ulong> PageFrames { get; } = Replace(honest.PageFrames, frame);

        public int DownstreamPageOffset => honest.DownstreamPageOffset;

        public RingMemory Outgoing => honest.Outgoing;

        public RingMemory Incoming => honest.Incoming;

        public void Leave() => honest.Leave();

        public void Dispose() => honest.Dispose();

        private static ulong[] Replace(ReadOnlyMemory<ulong> frames, ulong frame)
        {
            ulong[] wrong = frames.ToArray();
            wrong[^1] = frame;
            return wrong;
        }
    }

    private sealed class DroppingGate(LyingPlatform owner, ISignalGate gate) : ISignalGate
    {
        public void Set()
        {
            if (Interlocked.CompareExchange(ref owner._dropped, 1, 0) == 0)
                return;
            Interlocked.Increment(ref owner._passed);
            gate.Set();
        }

        public void Close(string reason) => gate.Close(reason);

        public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default) => gate.Wait(timeout, cancellationToken);

        public ValueTask WaitAsync(CancellationToken cancellationToken = default) => gate.WaitAsync(cancellationToken);

        public void Dispose() => gate.Dispose();
    }
}
