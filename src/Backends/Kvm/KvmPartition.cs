// A guest under KVM as its host sees it. What accel/kvm and hw/hyperv do in QEMU, and virt_kvm in OpenVMM.

using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Backends.Mapping;
using VmBus.Backends.Monitors;
using VmBus.Backends.Waiting;
using VmBus.Interop.Linux;
using VmBus.Interop.Linux.Kvm;
using VmBus.Layout;
using VmBus.Partitions;
using VmBus.Protocol.Messages;

namespace VmBus.Backends.Kvm;

/// <summary>
/// A guest under KVM: memory, VPs with SynICs, connections, monitor pages that are examined in the windows they ask for.
/// Thread-safe. Dispose it after everything that came from it.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class KvmPartition : IGuestPartition, IDisposable
{
    // Where nothing else of a PC lies: below the local APICs.
    private const ulong IdentityMapPage = 0xFEFF_C000;
    private const ulong TaskStatePages = 0xFEFF_D000;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly KvmPartitionOptions _options;
    private readonly KvmSystem _system;
    private readonly KvmVm _vm;
    private readonly KvmProcessor[] _processors;
    private readonly EventDispatcher _dispatcher;
    private readonly KvmInterrupts? _interrupts;
    private readonly ThreadedMonitorScanner _scanner;
    private readonly ThreadKick _kick = new();
    private readonly MonitoredFlags _monitoredFlags = new();
    private readonly TaskCompletionSource<GuestEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _useEventFds;
    private int _disposed;

    /// <summary>Makes a guest whose VPs have not started.</summary>
    /// <param name="options">How it is made; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="ErrnoException">There is no KVM, or it refused.</exception>
    /// <exception cref="PlatformNotSupportedException">This KVM lacks a capability that the options need; the message says which.</exception>
    public KvmPartition(KvmPartitionOptions? options = null)
    {
        _options = options ?? new KvmPartitionOptions();
        _options.Validate();
        using var made = new Undoing();
        _system = made.Own(KvmSystem.Open(_options.Device));
        KvmRequirements.Check(_system, _options);
        _vm = made.Own(_system.CreateVm());
        GuestMemory = made.Own(new GuestMemory(_options.MemorySize, shared: true));
        _vm.SetMemory(new KvmMemoryRegion { Length = (ulong)GuestMemory.Size, UserAddress = (ulong)GuestMemory.Address });
        _vm.SetReservedPages(IdentityMapPage, TaskStatePages);
        if (_options.HasInterrupts)
        {
            _vm.CreateIrqChip();
            _vm.CreatePit();
        }
        Calls = new GuestHypercalls(GuestMemory);
        _processors = new KvmProcessor[_options.VpCount];
        for (int vp = 0; vp < _processors.Length; vp++)
            _processors[vp] = new KvmProcessor(this, vp, made.Own(CreateVp(vp)));
        _useEventFds = _options.IsHyperv && _options.UseEventFds && _system.Check(KvmCapability.HypervEventFd) != 0;
        _dispatcher = made.Own(new EventDispatcher());
        _interrupts = _options.HasInterrupts ? made.Own(new KvmInterrupts(_vm, _dispatcher, _ => SlotsChanged())) : null;
        _scanner = made.Own(new ThreadedMonitorScanner(() => Stopwatch.GetElapsedTime(_start).Ticks, started: null));
        made.Keep();
    }

    /// <inheritdoc/>
    public int VpCount => _processors.Length;

    /// <inheritdoc/>
    public IGuestMemory Memory => GuestMemory;

    /// <summary>The guest's memory, from guest physical address 0: a memfd.</summary>
    public GuestMemory GuestMemory { get; }

    /// <summary>The VPs, by index.</summary>
    public IReadOnlyList<KvmProcessor> Processors => _processors;

    /// <summary>How the guest ended: completes when it has, and all its VPs are being stopped.</summary>
    public Task<GuestEnd> Ended => _ended.Task;

    /// <summary>Whether the guest reported a crash by Hyper-V's crash registers.</summary>
    public bool HasCrashed { get; private set; }

    /// <summary>How many hypercalls were answered with anything but success.</summary>
    public long RefusedHypercalls => Calls.Refused;

    /// <summary>How often the guest has signalled a connection, by hypercall or by its monitor page.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <returns>How often; <see langword="null"/> when nobody has the connection.</returns>
    public long? GetSignals(uint connectionId) => Calls.GetSignals(connectionId);

    internal PortMap Ports { get; } = new();

    internal GuestHypercalls Calls { get; }

    private event Action? MessageSlotsChanged;

    /// <summary>Puts a device at its ports. To be called before <see cref="Start"/>.</summary>
    /// <param name="device">The device. Stays its owner's.</param>
    /// <exception cref="ArgumentException">Its ports are taken.</exception>
    public void AddPorts(IPortDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Ports.Add(device);
    }

    /// <summary>Raises or lowers a line of the interrupt controllers.</summary>
    /// <param name="line">The line, 0 to 23.</param>
    /// <param name="isRaised">Whether it is raised.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void SetLine(uint line, bool isRaised) => _vm.SetLine(line, isRaised);

    /// <summary>Starts every VP. The first begins at its registers, the others wait until it wakes them.</summary>
    public void Start()
    {
        foreach (KvmProcessor processor in _processors)
            processor.Start();
    }

    /// <summary>Ends the guest from outside, as by pulling the plug.</summary>
    /// <param name="reason">What <see cref="Ended"/> is to say.</param>
    /// <param name="detail">For people.</param>
    public void Stop(GuestEndReason reason = GuestEndReason.Stopped, string detail = "The host stopped the guest.") => End(new GuestEnd(reason, detail));

    /// <inheritdoc/>
    public ISignalGate CreateGate() => new WakeGate(_options.SpinBudget);

    /// <inheritdoc/>
    public IDisposable ConnectMessages(uint connectionId, GuestMessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Calls.Connect(connectionId, new GuestConnection(handler, null));
    }

    /// <inheritdoc/>
    public IDisposable ConnectEvents(uint connectionId, ISignalGate gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return ConnectEvents(connectionId, gate.Set);
    }

    /// <inheritdoc/>
    public IDisposable ConnectEvents(uint connectionId, Action signalled)
    {
        ArgumentNullException.ThrowIfNull(signalled);
        var connection = new GuestConnection(null, signalled);
        Undo entry = Calls.Connect(connectionId, connection);
        if (!_useEventFds)
            return entry;
        EventFd signal = EventFd.Create();
        try
        {
            _vm.ConnectEvent(connectionId, signal);
        }
        catch (ErrnoException refused)
        {
            signal.Dispose();
            entry.Dispose();
            throw new InvalidOperationException($"The kernel does not take the signals of connection {connectionId}: {refused.Message}", refused);
        }
        IDisposable watch = _dispatcher.Add(signal, connection.Signal);
        return new Undo(() =>
        {
            _vm.DisconnectEvent(connectionId);
            watch.Dispose();
            entry.Dispose();
        });
    }

    /// <inheritdoc/>
    public HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload)
    {
        if (target.Vp >= (uint)VpCount)
            return HypercallStatus.InvalidVpIndex;
        if (_interrupts is null || target.Sint >= SynicMsr.SintCount || payload.Length > SynicMessagePayload.Size)
            return HypercallStatus.InvalidParameter;
        return _processors[target.Vp].Synic.Post(target.Sint, payload, _interrupts.Line(target.Vp, target.Sint));
    }

    /// <inheritdoc/>
    public IDisposable WatchMessageSlots(Action freed)
    {
        ArgumentNullException.ThrowIfNull(freed);
        MessageSlotsChanged += freed;
        return new Undo(() => MessageSlotsChanged -= freed);
    }

    /// <inheritdoc/>
    public IEventFlag? TryCreateEventFlag(MessageTarget target, int flag) =>
        _interrupts is not null && target.Vp < (uint)VpCount && target.Sint < SynicMsr.SintCount && (uint)flag < SynicEventFlags.FlagCount
            ? new KvmEventFlag(this, target, flag)
            : null;

    /// <inheritdoc/>
    public IMonitorPage? TryOpenMonitorPage(ulong gpa, MonitorDirection direction)
    {
        if (gpa == 0 || gpa % GuestMemory.PageSize != 0 || !GuestMemory.Contains(gpa, GuestMemory.PageSize))
            return null;
        var view = new MonitorPageView(GuestMemory.Translate(gpa, GuestMemory.PageSize));
        Func<uint, ushort, HypercallStatus> signal = direction == MonitorDirection.ChildToParent ? Calls.SignalEvent : _monitoredFlags.Signal;
        return new ExaminedMonitorPage(new MonitorExaminer(view, _options.Monitor, signal), _scanner);
    }

    /// <summary>Ends the guest, its threads, and everything the kernel has of it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Stop();
        foreach (KvmProcessor processor in _processors)
            processor.Join();
        _scanner.Dispose();
        _interrupts?.Dispose();
        _dispatcher.Dispose();
        foreach (KvmProcessor processor in _processors)
            processor.Vp.Dispose();
        _vm.Dispose();
        _system.Dispose();
        _kick.Dispose();
        GuestMemory.Dispose();
    }

    internal void End(GuestEnd end)
    {
        if (!_ended.TrySetResult(end))
            return;
        foreach (KvmProcessor processor in _processors)
            processor.Stop(_kick);
    }

    internal GuestEnd? Crashed()
    {
        HasCrashed = true;
        return null;
    }

    internal void SlotsChanged() => MessageSlotsChanged?.Invoke();

    internal EventFd SintLine(MessageTarget target) => _interrupts!.Line(target.Vp, target.Sint);

    internal uint ConnectFlag(KvmEventFlag flag) => _monitoredFlags.Connect(flag);

    internal void DisconnectFlag(uint number) => _monitoredFlags.Disconnect(number);

    private KvmVp CreateVp(int index)
    {
        KvmVp vp = _vm.CreateVp(index);
        try
        {
            if (_options.IsHyperv)
                vp.Enable(KvmCapability.HypervSynic2);
            vp.SetCpuid(GuestCpuid.Create(_system.GetSupportedCpuid(), _options.IsHyperv ? vp.GetHypervCpuid() : [], index));
            return vp;
        }
        catch
        {
            vp.Dispose();
            throw;
        }
    }


}
