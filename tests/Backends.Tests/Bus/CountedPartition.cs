using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>What a host has of its guest and has not given back.</summary>
internal sealed record HeldOfGuest(int Gates, int Connections, int Flags, int Pages, int MonitorPages, int Monitors, int Rings);

/// <summary>A guest's partition that counts what its host has of it.</summary>
internal sealed class CountedPartition : IGuestPartition
{
    private readonly IGuestPartition _sound;
    private int _gates;
    private int _connections;
    private int _flags;
    private int _pages;
    private int _monitorPages;
    private int _monitors;
    private int _rings;
    private int _lateSets;

    public CountedPartition(IGuestPartition sound)
    {
        _sound = sound;
        Memory = new CountedMemory(this);
    }

    public HeldOfGuest Held => new(_gates, _connections, _flags, _pages, _monitorPages, _monitors, _rings);

    /// <summary>How often a gate was set that was given back.</summary>
    public int LateSets => Volatile.Read(ref _lateSets);

    /// <summary>Whether no page the guest names is there.</summary>
    public bool HasNoPages { get; set; }

    /// <summary>The page that was mapped last.</summary>
    public nint LastPage { get; private set; }

    public int VpCount => _sound.VpCount;

    public IGuestMemory Memory { get; }

    public ISignalGate CreateGate()
    {
        Interlocked.Increment(ref _gates);
        return new Gate(this, _sound.CreateGate());
    }

    public IDisposable ConnectMessages(uint connectionId, GuestMessageHandler handler) => Connected(_sound.ConnectMessages(connectionId, handler));

    public IDisposable ConnectEvents(uint connectionId, ISignalGate gate) => Connected(_sound.ConnectEvents(connectionId, gate));

    public IDisposable ConnectEvents(uint connectionId, Action signalled) => Connected(_sound.ConnectEvents(connectionId, signalled));

    public HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload) => _sound.PostMessage(target, payload);

    public IDisposable WatchMessageSlots(Action freed) => Connected(_sound.WatchMessageSlots(freed));

    public IEventFlag? TryCreateEventFlag(MessageTarget target, int flag)
    {
        if (_sound.TryCreateEventFlag(target, flag) is not { } made)
            return null;
        Interlocked.Increment(ref _flags);
        return new Flag(made, new Once(() => Interlocked.Decrement(ref _flags)));
    }

    public IMonitorPage? TryOpenMonitorPage(ulong gpa, MonitorDirection direction)
    {
        if (HasNoPages || _sound.TryOpenMonitorPage(gpa, direction) is not { } made)
            return null;
        Interlocked.Increment(ref _monitorPages);
        return new Monitor(this, made);
    }

    private Once Connected(IDisposable connection)
    {
        Interlocked.Increment(ref _connections);
        return new Once(() =>
        {
            connection.Dispose();
            Interlocked.Decrement(ref _connections);
        });
    }

    private sealed class Once(Action action) : IDisposable
    {
        private Action? _action = action;

        public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
    }

    private sealed class Gate(CountedPartition owner, ISignalGate gate) : ISignalGate
    {
        private int _disposed;

        public void Set()
        {
            if (Volatile.Read(ref _disposed) != 0)
                Interlocked.Increment(ref owner._lateSets);
            gate.Set();
        }

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

    private sealed class Flag(IEventFlag flag, Once counted) : IEventFlag
    {
        public SignalCapabilities Capabilities => flag.Capabilities;

        public HypercallStatus Signal() => flag.Signal();

        public uint? ConnectMonitor() => flag.ConnectMonitor();

        public void Retarget(uint vp) => flag.Retarget(vp);

        public void Dispose()
        {
            flag.Dispose();
            counted.Dispose();
        }
    }

    // Registrations of a page that is given back go with it.
    private sealed class Monitor(CountedPartition owner, IMonitorPage page) : IMonitorPage
    {
        private int _registered;
        private int _disposed;

        public MonitorPageView View => page.View;

        public void Register(int monitorId, uint connectionId, ushort flagNumber, ushort latency)
        {
            page.Register(monitorId, connectionId, flagNumber, latency);
            _registered++;
            Interlocked.Increment(ref owner._monitors);
        }

        public void Unregister(int monitorId)
        {
            page.Unregister(monitorId);
            _registered--;
            Interlocked.Decrement(ref owner._monitors);
        }

        public void Dispose()
        {
            page.Dispose();
            if (Interlocked.Exchange(ref _disposed, 1) != 0)
                return;
            Interlocked.Decrement(ref owner._monitorPages);
            Interlocked.Add(ref owner._monitors, -_registered);
        }
    }

    private sealed class CountedMemory(CountedPartition owner) : IGuestMemory
    {
        public bool Contains(ulong gpa, int length) => owner._sound.Memory.Contains(gpa, length);

        public bool TryRead(ulong gpa, Span<byte> destination) => owner._sound.Memory.TryRead(gpa, destination);

        public bool TryWrite(ulong gpa, ReadOnlySpan<byte> source) => owner._sound.Memory.TryWrite(gpa, source);

        public IMappedPage? TryMapPage(ulong gpa)
        {
            if (owner.HasNoPages || owner._sound.Memory.TryMapPage(gpa) is not { } made)
                return null;
            Interlocked.Increment(ref owner._pages);
            owner.LastPage = made.Address;
            return new Page(made, new Once(() => Interlocked.Decrement(ref owner._pages)));
        }

        public IMappedRing? TryMapRing(ReadOnlySpan<ulong> pageFrames)
        {
            if (owner._sound.Memory.TryMapRing(pageFrames) is not { } made)
                return null;
            Interlocked.Increment(ref owner._rings);
            return new Ring(made, new Once(() => Interlocked.Decrement(ref owner._rings)));
        }
    }

    private sealed class Page(IMappedPage page, Once counted) : IMappedPage
    {
        public nint Address => page.Address;

        public void Dispose()
        {
            page.Dispose();
            counted.Dispose();
        }
    }

    private sealed class Ring(IMappedRing ring, Once counted) : IMappedRing
    {
        public RingMemory Memory => ring.Memory;

        public RingShare? Share
        {
            set => ring.Share = value;
        }

        public void Dispose()
        {
            ring.Dispose();
            counted.Dispose();
        }
    }
}
