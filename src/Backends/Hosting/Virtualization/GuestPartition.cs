// A guest of a hypervisor that this process drives, as its host sees it: what does not depend on which hypervisor.

using System.Diagnostics;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>
/// A guest: memory, VPs with SynICs, connections, monitor pages that are examined in the windows they ask for. Thread-safe.
/// Dispose it after everything that came from it.
/// </summary>
public abstract class GuestPartition : IGuestPartition, IDisposable
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly GuestPartitionOptions _options;
    private readonly ThreadedMonitorScanner _scanner;
    private readonly TaskCompletionSource<GuestEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    // Takes memory: a constructor that fails later gives it back.
    private protected GuestPartition(GuestPartitionOptions options)
    {
        options.Validate();
        _options = options;
        GuestMemory = new GuestMemory(options.MemorySize, shared: true);
        Calls = new GuestHypercalls(GuestMemory);
        _scanner = new ThreadedMonitorScanner(() => Stopwatch.GetElapsedTime(_start).Ticks, started: null);
    }

    /// <inheritdoc/>
    public int VpCount => _options.VpCount;

    /// <inheritdoc/>
    public IGuestMemory Memory => GuestMemory;

    /// <summary>The guest's memory, from guest physical address 0: shared, so that another process can map it.</summary>
    public GuestMemory GuestMemory { get; }

    /// <summary>How the guest ended: completes when it has, and all its VPs are being stopped.</summary>
    public Task<GuestEnd> Ended => _ended.Task;

    /// <summary>How many hypercalls were answered with anything but success.</summary>
    public long RefusedHypercalls => Calls.Refused;

    internal GuestHypercalls Calls { get; }

    private protected TimeSpan SpinBudget => _options.SpinBudget;

    internal MonitoredFlags MonitoredFlags { get; } = new();

    private event Action? MessageSlotsChanged;

    /// <summary>How often the guest has signalled a connection, by hypercall or by its monitor page.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <returns>How often; <see langword="null"/> when nobody has the connection.</returns>
    public long? GetSignals(uint connectionId) => Calls.GetSignals(connectionId);

    /// <summary>Starts every VP. The first begins at its registers, the others wait until it wakes them.</summary>
    public abstract void Start();

    /// <summary>Ends the guest from outside, as by pulling the plug.</summary>
    /// <param name="reason">What <see cref="Ended"/> is to say.</param>
    /// <param name="detail">For people.</param>
    public void Stop(GuestEndReason reason = GuestEndReason.Stopped, string detail = "The host stopped the guest.") => End(new GuestEnd(reason, detail));

    /// <inheritdoc/>
    public virtual ISignalGate CreateGate() => new WakeGate(SpinBudget);

    /// <inheritdoc/>
    public IDisposable ConnectMessages(uint connectionId, GuestMessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Calls.Connect(connectionId, new GuestConnection(handler, null));
    }

    /// <inheritdoc/>
    public virtual IDisposable ConnectEvents(uint connectionId, ISignalGate gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return ConnectEvents(connectionId, gate.Set);
    }

    /// <inheritdoc/>
    public abstract IDisposable ConnectEvents(uint connectionId, Action signalled);

    /// <inheritdoc/>
    public abstract HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload);

    /// <inheritdoc/>
    public IDisposable WatchMessageSlots(Action freed)
    {
        ArgumentNullException.ThrowIfNull(freed);
        MessageSlotsChanged += freed;
        return new Undo(() => MessageSlotsChanged -= freed);
    }

    /// <inheritdoc/>
    public abstract IEventFlag? TryCreateEventFlag(MessageTarget target, int flag);

    /// <inheritdoc/>
    public IMonitorPage? TryOpenMonitorPage(ulong gpa, MonitorDirection direction)
    {
        if (gpa == 0 || gpa % GuestMemory.PageSize != 0 || !GuestMemory.Contains(gpa, GuestMemory.PageSize))
            return null;
        var view = new MonitorPageView(GuestMemory.Translate(gpa, GuestMemory.PageSize));
        Func<uint, ushort, HypercallStatus> signal = direction == MonitorDirection.ChildToParent ? Calls.SignalEvent : MonitoredFlags.Signal;
        return new ExaminedMonitorPage(new MonitorExaminer(view, _options.Monitor, signal), _scanner);
    }

    /// <summary>Ends the guest, its threads, and everything the hypervisor has of it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Stop();
        JoinProcessors();
        _scanner.Dispose();
        Release();
        GuestMemory.Dispose();
        GC.SuppressFinalize(this);
    }

    internal void End(GuestEnd end)
    {
        if (_ended.TrySetResult(end))
            StopProcessors();
    }

    internal void SlotsChanged() => MessageSlotsChanged?.Invoke();

    private protected abstract void StopProcessors();

    private protected abstract void JoinProcessors();

    // All that the hypervisor has of the guest but its memory, once no VP runs any more.
    private protected abstract void Release();
}
