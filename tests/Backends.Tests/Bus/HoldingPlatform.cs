using VmBus.Guests;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>A guest's platform that holds back what the host says, from a message on, and refuses posts where it is told to.</summary>
internal sealed class HoldingPlatform(IGuestPlatform honest) : IGuestPlatform
{
    private readonly Lock _sync = new();
    private readonly Queue<byte[]> _held = [];
    private ChannelMessageType? _from;
    private volatile HostMessageHandler? _handler;
    private int _gates;
    private int _routes;

    /// <summary>What every post ends with, instead of reaching the host.</summary>
    public HypercallStatus? PostStatus { get; set; }

    /// <summary>Called before a message is posted.</summary>
    public Action<ChannelMessageType>? Posting { get; set; }

    public bool IsHolding => Held > 0;

    /// <summary>How many messages are held back.</summary>
    public int Held
    {
        get
        {
            lock (_sync)
                return _held.Count;
        }
    }

    /// <summary>The gates that were made and not disposed, and the events that are routed.</summary>
    public (int Gates, int Routes) Live => (Volatile.Read(ref _gates), Volatile.Read(ref _routes));

    public int VpCount => honest.VpCount;

    /// <summary>Holds back the next message of a type, and all behind it.</summary>
    public void Hold(ChannelMessageType from)
    {
        lock (_sync)
            _from = from;
    }

    /// <summary>Hands over what was held back, and holds nothing any more.</summary>
    /// <param name="dropsFirst">Whether the first message is lost: the host never says it.</param>
    public void Release(bool dropsFirst = false)
    {
        lock (_sync)
        {
            _from = null;
            if (dropsFirst)
                _held.Dequeue();
            while (_held.TryDequeue(out byte[]? message))
                _handler?.Invoke(message);
        }
    }

    /// <summary>Says something in the host's name.</summary>
    public void Say(byte[] message) => _handler?.Invoke(message);

    public HypercallStatus PostMessage(uint connectionId, ReadOnlySpan<byte> payload)
    {
        Posting?.Invoke((ChannelMessageType)payload[0]);
        return PostStatus ?? honest.PostMessage(connectionId, payload);
    }

    public IDisposable ReceiveMessages(HostMessageHandler handler)
    {
        IDisposable taken = honest.ReceiveMessages(Receive);
        lock (_sync)
            _handler = handler;
        return new Ended(() =>
        {
            taken.Dispose();
            lock (_sync)
                _handler = null;
        });
    }

    public IGuestPages AllocatePages(int count) => honest.AllocatePages(count);

    public IGuestRings AllocateRings(int outgoingSize, int incomingSize) => honest.AllocateRings(outgoingSize, incomingSize);

    public IGuestPages? TryAdoptPages(ReadOnlySpan<ulong> pageFrames) => honest.TryAdoptPages(pageFrames);

    public IGuestRings? TryAdoptRings(ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset) => honest.TryAdoptRings(pageFrames, downstreamPageOffset);

    public IMappedPage? TryMapHostPage(ulong gpa) => honest.TryMapHostPage(gpa);

    public ISignalPath CreateSignalPath(uint connectionId, bool isMonitored) => honest.CreateSignalPath(connectionId, isMonitored);

    public ISignalGate CreateGate()
    {
        Interlocked.Increment(ref _gates);
        return new CountedGate(this, honest.CreateGate());
    }

    public IDisposable RouteEvents(uint flag, ISignalGate gate)
    {
        IDisposable route = honest.RouteEvents(flag, gate);
        Interlocked.Increment(ref _routes);
        return new Ended(() =>
        {
            route.Dispose();
            Interlocked.Decrement(ref _routes);
        });
    }

    public void ShareEvents(InterruptPageView? page) => honest.ShareEvents(page);

    private void Receive(ReadOnlySpan<byte> message)
    {
        lock (_sync)
        {
            if (_held.Count > 0 || _from == (ChannelMessageType)message[0])
                _held.Enqueue(message.ToArray());
            else
                _handler?.Invoke(message);
        }
    }

    private sealed class Ended(Action end) : IDisposable
    {
        private Action? _end = end;

        public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
    }

    private sealed class CountedGate(HoldingPlatform owner, ISignalGate gate) : ISignalGate
    {
        private int _disposed;

        public void Set() => gate.Set();

        public void Close(string reason) => gate.Close(reason);

        public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default) => gate.Wait(timeout, cancellationToken);

        public ValueTask WaitAsync(CancellationToken cancellationToken = default) => gate.WaitAsync(cancellationToken);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                Interlocked.Decrement(ref owner._gates);
            gate.Dispose();
        }
    }
}
