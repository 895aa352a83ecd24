// A guest of a hypervisor that this process drives, as its host sees it: what does not depend on which hypervisor.

using System.Diagnostics;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>
/// A guest: memory, VPs with SynICs, connections, and monitor pages that are inspected at their latencies. Thread-safe,
/// including its disposal. Dispose it after all objects that came from it, its hosts first.
/// </summary>
public abstract class GuestPartition : IGuestPartition, IDisposable
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly GuestPartitionOptions _options;
    private readonly ThreadedMonitorScanner _scanner;
    private readonly TaskCompletionSource<GuestEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _sync = new();
    private bool _isStarted;
    private bool _isDisposed;

    // Takes memory: a constructor that fails later gives it back.
    private protected GuestPartition(GuestPartitionOptions options)
    {
        options.Validate();
        _options = options;
        GuestMemory = new GuestMemory(options.MemorySize, shared: true);
        Calls = new GuestHypercalls(GuestMemory);
        _scanner = new ThreadedMonitorScanner(() => Stopwatch.GetElapsedTime(_start).Ticks, started: null);
    }

    /// <summary>The number of VPs.</summary>
    public int VpCount => _options.VpCount;

    /// <summary>The guest's memory, from guest physical address 0.</summary>
    public IGuestMemory Memory => GuestMemory;

    /// <summary>The guest's memory: shared, so that another process can map it.</summary>
    internal GuestMemory GuestMemory { get; }

    /// <summary>Completes when the guest has ended and all its VPs are being stopped; the result tells how.</summary>
    public Task<GuestEnd> Ended => _ended.Task;

    /// <summary>The number of hypercalls that did not succeed.</summary>
    public long RefusedHypercalls => Calls.Refused;

    internal GuestHypercalls Calls { get; }

    private protected TimeSpan SpinBudget => _options.SpinBudget;

    internal MonitoredFlags MonitoredFlags { get; } = new();

    private event Action? MessageSlotsChanged;

    /// <summary>Returns how often the guest has signalled a connection, by hypercall or by its monitor page.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <returns>The count; <see langword="null"/> if there is no such connection.</returns>
    public long? GetSignals(uint connectionId) => Calls.GetSignals(connectionId);

    /// <summary>How many of a connection's signals came by the monitor page; <see langword="null"/> when there is no such connection.</summary>
    internal long? GetMonitoredSignals(uint connectionId) => Calls.GetMonitored(connectionId);

    /// <summary>Creates the host's end of the guest's bus, and starts to process the guest's messages.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>The bus: offer devices on it.</returns>
    /// <exception cref="InvalidOperationException">The guest already has a host bus.</exception>
    /// <exception cref="ObjectDisposedException">The guest was disposed.</exception>
    public HostBus CreateHost(HostBusOptions? options = null)
    {
        ThrowIfDisposed();
        return new HostBus(this, options);
    }

    /// <summary>Creates a host's end of the bus from a saved one.</summary>
    /// <param name="state">The state from <see cref="HostBus.SaveAsync"/>; the guest must have the same memory contents.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>The bus: offer its devices again, in any order and with new ones if needed, then complete the restore.</returns>
    /// <exception cref="SavedStateException">The state is invalid, is damaged, or does not fit the options.</exception>
    /// <exception cref="InvalidOperationException">The guest already has a host bus.</exception>
    /// <exception cref="ObjectDisposedException">The guest was disposed.</exception>
    public HostBus RestoreHost(ReadOnlySpan<byte> state, HostBusOptions? options = null)
    {
        ThrowIfDisposed();
        return HostBus.Restore(this, state, options);
    }

    /// <summary>Starts every VP. The first VP runs from its registers; the others wait until it wakes them.</summary>
    /// <exception cref="InvalidOperationException">It was already started.</exception>
    /// <exception cref="ObjectDisposedException">The guest was disposed.</exception>
    public void Start()
    {
        // Not beside Dispose: a VP whose thread begins behind its end would be run by nothing that joins it.
        lock (_sync)
        {
            ThrowIfDisposed();
            if (_isStarted)
                throw new InvalidOperationException("The guest was already started.");
            _isStarted = true;
            StartProcessors();
        }
    }

    /// <summary>Ends the guest from outside, like a power cut. Does nothing if the guest has ended.</summary>
    public void Stop() => Stop(GuestEndReason.Stopped, "The host stopped the guest.");

    internal void Stop(GuestEndReason reason, string detail) => End(new GuestEnd(reason, detail));

    /// <inheritdoc cref="IGuestPartition.CreateGate"/>
    internal virtual ISignalGate CreateGate() => new WakeGate(SpinBudget);

    /// <inheritdoc cref="IGuestPartition.ConnectMessages"/>
    internal IDisposable ConnectMessages(uint connectionId, GuestMessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Calls.Connect(connectionId, new GuestConnection(handler, null));
    }

    /// <inheritdoc cref="IGuestPartition.ConnectEvents(uint, ISignalGate)"/>
    internal virtual IDisposable ConnectEvents(uint connectionId, ISignalGate gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return ConnectEvents(connectionId, gate.Set);
    }

    /// <inheritdoc cref="IGuestPartition.ConnectEvents(uint, Action)"/>
    internal abstract IDisposable ConnectEvents(uint connectionId, Action signalled);

    /// <inheritdoc cref="IGuestPartition.PostMessage"/>
    internal abstract HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload);

    /// <inheritdoc cref="IGuestPartition.WatchMessageSlots"/>
    internal IDisposable WatchMessageSlots(Action freed)
    {
        ArgumentNullException.ThrowIfNull(freed);
        MessageSlotsChanged += freed;
        return new Undo(() => MessageSlotsChanged -= freed);
    }

    /// <inheritdoc cref="IGuestPartition.TryCreateEventFlag"/>
    internal abstract IEventFlag? TryCreateEventFlag(MessageTarget target, int flag);

    /// <inheritdoc cref="IGuestPartition.TryOpenMonitorPage"/>
    internal IMonitorPage? TryOpenMonitorPage(ulong gpa, MonitorDirection direction)
    {
        if (gpa == 0 || gpa % GuestMemory.PageSize != 0 || !GuestMemory.Contains(gpa, GuestMemory.PageSize))
            return null;
        var view = new MonitorPageView(GuestMemory.Translate(gpa, GuestMemory.PageSize));
        Func<uint, ushort, HypercallStatus> signal = direction == MonitorDirection.ChildToParent ? Calls.SignalMonitored : MonitoredFlags.Signal;
        return new ExaminedMonitorPage(new MonitorExaminer(view, _options.Monitor, signal), _scanner);
    }

    /// <summary>Ends the guest and its threads, and frees all its hypervisor resources.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }
        Stop();
        JoinProcessors();
        _scanner.Dispose();
        Release();
        GuestMemory.Dispose();
        GC.SuppressFinalize(this);
    }

    ISignalGate IGuestPartition.CreateGate() => CreateGate();

    IDisposable IGuestPartition.ConnectMessages(uint connectionId, GuestMessageHandler handler) => ConnectMessages(connectionId, handler);

    IDisposable IGuestPartition.ConnectEvents(uint connectionId, ISignalGate gate) => ConnectEvents(connectionId, gate);

    IDisposable IGuestPartition.ConnectEvents(uint connectionId, Action signalled) => ConnectEvents(connectionId, signalled);

    HypercallStatus IGuestPartition.PostMessage(MessageTarget target, ReadOnlySpan<byte> payload) => PostMessage(target, payload);

    IDisposable IGuestPartition.WatchMessageSlots(Action freed) => WatchMessageSlots(freed);

    IEventFlag? IGuestPartition.TryCreateEventFlag(MessageTarget target, int flag) => TryCreateEventFlag(target, flag);

    IMonitorPage? IGuestPartition.TryOpenMonitorPage(ulong gpa, MonitorDirection direction) => TryOpenMonitorPage(gpa, direction);

    internal void End(GuestEnd end)
    {
        if (_ended.TrySetResult(end))
            StopProcessors();
    }

    internal void SlotsChanged() => MessageSlotsChanged?.Invoke();

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);

    private protected abstract void StartProcessors();

    private protected abstract void StopProcessors();

    private protected abstract void JoinProcessors();

    // All that the hypervisor has of the guest but its memory, once no VP runs any more.
    private protected abstract void Release();
}
