// The host's end of a channel of the UIO stand-in: looks at the guest's monitor bit as a hypervisor would, and is woken by
// calls; its own signals are interrupts.

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
internal sealed class StandInHost : ISignalPath, ISignalWait, IDisposable
{
    private readonly MappedMemory _rings;
    private readonly MonitorPageView _monitorPage;
    private readonly Action<StandInHost> _interrupt;
    private long _calls;
    private long _bits;
    private long _interrupts;
    private long _taken;
    private volatile string? _closed;

    public StandInHost(MappedMemory rings, int? monitorId, MonitorPageView monitorPage, Action<StandInHost> interrupt, int pageSize = 4096)
    {
        _rings = rings;
        _monitorPage = monitorPage;
        _interrupt = interrupt;
        MonitorId = monitorId;
        int half = (int)rings.Length / 2;
        Channel = new VmBusChannel(
            new OutgoingRing(Ring(half)), new IncomingRing(Ring(0)),
            new ChannelSignaler(new SignalBinding { ChildRelid = UioStandIn.Relid, Path = this }), this);

        RingMemory Ring(int at) => RingMemory.FromAddress(rings.Address + at, rings.Address + at + pageSize, half - pageSize, isDoubleMapped: false, rings);
    }

    public int? MonitorId { get; }

    public VmBusChannel Channel { get; }

    /// <summary>Signals of the guest: by call, and by monitor bits seen.</summary>
    public (long Calls, long Bits) Signals => (Volatile.Read(ref _calls), Volatile.Read(ref _bits));

    /// <summary>Signals to the guest.</summary>
    public long Interrupts => Volatile.Read(ref _interrupts);

    /// <summary>The mask of the ring the guest reads.</summary>
    public uint GuestMask
    {
        get => Word((int)_rings.Length / 2 + 8);
        set => Interlocked.Exchange(ref Word((int)_rings.Length / 2 + 8), value);
    }

    public SignalCapabilities Capabilities => SignalCapabilities.Hypercall;

    /// <summary>A word of the rings: 0 and 4 are write and read index of the guest's outgoing ring.</summary>
    public ref uint Word(int offset) => ref MemoryMarshal.Cast<byte, uint>(_rings.AsSpan())[offset / 4];

    public void Call() => Interlocked.Increment(ref _calls);

    public HypercallStatus Signal()
    {
        Interlocked.Increment(ref _interrupts);
        _interrupt(this);
        return HypercallStatus.Success;
    }

    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        while (!TryTake())
        {
            if (_closed is { } reason)
                throw new PeerDisconnectedException(reason);
            cancellationToken.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(start) > timeout)
                return false;
            Thread.Yield();
        }
        return true;
    }

    public ValueTask WaitAsync(CancellationToken cancellationToken = default)
        => new(Task.Run(() => Wait(Patience.Limit, cancellationToken), cancellationToken));

    public void Close(string reason) => _closed = reason;

    public void Dispose()
    {
        Channel.Dispose();
        _rings.Retire();
    }

    private bool TryTake()
    {
        if (MonitorId is { } id)
        {
            uint bit = 1u << (id % 32);
            if ((Interlocked.And(ref _monitorPage.Pending(id / 32), ~bit) & bit) != 0)
            {
                Interlocked.Increment(ref _bits);
                return true;
            }
        }

        long calls = Volatile.Read(ref _calls);
        if (calls == _taken)
            return false;
        _taken = calls;
        return true;
    }
}
