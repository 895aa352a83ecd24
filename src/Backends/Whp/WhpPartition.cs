// A guest under the Windows Hypervisor Platform as its host sees it. What virt_whp does in OpenVMM: the hypervisor keeps
// the SynIC, notification ports turn signals into events, triggers turn events into event flags.

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Backends.Kvm;
using VmBus.Backends.Mapping;
using VmBus.Backends.Monitors;
using VmBus.Backends.Waiting;
using VmBus.Interop.Windows.Whp;
using VmBus.Layout;
using VmBus.Partitions;
using VmBus.Protocol.Messages;

namespace VmBus.Backends.Whp;

/// <summary>
/// A guest under the Windows Hypervisor Platform: memory, VPs with SynICs, connections, monitor pages that are examined in
/// the windows they ask for. Thread-safe. Dispose it after everything that came from it.
/// </summary>
[SupportedOSPlatform("windows")]
public sealed class WhpPartition : IGuestPartition, IDisposable
{
    private const uint XApic = 1;
    private const ulong UnhandledMsrs = 1;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly WhpPartitionOptions _options;
    private readonly WhpProcessor[] _processors;
    private readonly HandleDispatcher _dispatcher;
    private readonly ThreadedMonitorScanner _scanner;
    private readonly MonitoredFlags _monitoredFlags = new();
    private readonly TaskCompletionSource<GuestEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    /// <summary>Makes a guest whose VPs have not started.</summary>
    /// <param name="options">How it is made; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="PlatformNotSupportedException">This Windows lacks something; the message says what, and how to get it.</exception>
    /// <exception cref="WhpException">The platform refused.</exception>
    public WhpPartition(WhpPartitionOptions? options = null)
    {
        _options = options ?? new WhpPartitionOptions();
        _options.Validate();
        WhpRequirements.Check();
        using var made = new Undoing();
        GuestMemory = made.Own(new GuestMemory(_options.MemorySize, shared: true));
        Vm = made.Own(WhpVm.Create());
        Vm.SetProperty(WhpProperty.ProcessorCount, (uint)_options.VpCount);
        Vm.SetProperty(WhpProperty.LocalApicMode, XApic);
        Vm.SetProperty(WhpProperty.MsrExitBitmap, UnhandledMsrs);
        Vm.SetProperty(WhpProperty.ExtendedExits, GrantedExits());
        Vm.SetProperty(WhpProperty.SyntheticFeatures, GrantedFeatures());
        Vm.SetUp();
        Vm.Map(GuestMemory.Address, 0, (ulong)GuestMemory.Size);
        Calls = new GuestHypercalls(GuestMemory);
        _processors = new WhpProcessor[_options.VpCount];
        for (int vp = 0; vp < _processors.Length; vp++)
            _processors[vp] = new WhpProcessor(this, made.Own(Vm.CreateVp(vp)));
        _dispatcher = made.Own(new HandleDispatcher());
        _scanner = made.Own(new ThreadedMonitorScanner(() => Stopwatch.GetElapsedTime(_start).Ticks, started: null));
        made.Keep();
    }

    /// <inheritdoc/>
    public int VpCount => _processors.Length;

    /// <inheritdoc/>
    public IGuestMemory Memory => GuestMemory;

    /// <summary>The guest's memory, from guest physical address 0: a section of the paging file.</summary>
    public GuestMemory GuestMemory { get; }

    /// <summary>The VPs, by index.</summary>
    public IReadOnlyList<WhpProcessor> Processors => _processors;

    /// <summary>How the guest ended: completes when it has, and all its VPs are being stopped.</summary>
    public Task<GuestEnd> Ended => _ended.Task;

    /// <summary>How many hypercalls were answered with anything but success.</summary>
    public long RefusedHypercalls => Calls.Refused;

    internal WhpVm Vm { get; }

    internal GuestHypercalls Calls { get; }

    private event Action? MessageSlotsChanged;

    /// <summary>Starts every VP. The first begins at its registers, the others wait until it wakes them.</summary>
    public void Start()
    {
        foreach (WhpProcessor processor in _processors)
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
        // Beside a port as well: the monitor page signals connections here, and a slow call may come out all the same.
        var connection = new GuestConnection(null, signalled);
        Undo entry = Calls.Connect(connectionId, connection);
        if (!_options.UsePorts)
            return entry;
        var signal = new EventWaitHandle(false, EventResetMode.AutoReset);
        WhpPort? port = null;
        try
        {
            port = Vm.TryCreatePort(connectionId, signal.SafeWaitHandle);
        }
        catch (WhpException refused)
        {
            entry.Dispose();
            throw new InvalidOperationException($"The hypervisor does not take the signals of connection {connectionId}: {refused.Message}", refused);
        }
        finally
        {
            if (port is null)
                signal.Dispose();
        }
        if (port is null)
            return entry;
        IDisposable watch = _dispatcher.Add(signal, () => connection.Signal());
        return new Undo(() =>
        {
            port.Dispose();
            watch.Dispose();
            entry.Dispose();
        });
    }

    /// <inheritdoc/>
    public HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload)
    {
        if (target.Vp >= (uint)VpCount)
            return HypercallStatus.InvalidVpIndex;
        if (target.Sint >= SynicMsr.SintCount || payload.Length > SynicMessagePayload.Size)
            return HypercallStatus.InvalidParameter;
        SynicMessage message = MessageSlot.Compose(SynicMessageType.Channel, 0, payload);
        WhpResult result = Vm.PostMessage(target.Vp, target.Sint, MemoryMarshal.AsBytes(new ReadOnlySpan<SynicMessage>(in message)));
        HypercallStatus status = Status(result, "WHvPostVirtualProcessorSynicMessage");
        if (status == HypercallStatus.ObjectInUse)
            _processors[target.Vp].WatchSlot(target.Sint);
        return status;
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
        target.Vp < (uint)VpCount && target.Sint < SynicMsr.SintCount && (uint)flag < SynicEventFlags.FlagCount
            ? new WhpEventFlag(this, target, flag, _options.UseTriggers)
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

    /// <summary>Ends the guest, its threads, and everything the hypervisor has of it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Stop();
        foreach (WhpProcessor processor in _processors)
            processor.Join();
        _scanner.Dispose();
        _dispatcher.Dispose();
        foreach (WhpProcessor processor in _processors)
            processor.Vp.Dispose();
        Vm.Unmap(0, (ulong)GuestMemory.Size);
        Vm.Dispose();
        GuestMemory.Dispose();
    }

    internal void End(GuestEnd end)
    {
        if (!_ended.TrySetResult(end))
            return;
        foreach (WhpProcessor processor in _processors)
            processor.Stop();
    }

    internal void SlotsChanged() => MessageSlotsChanged?.Invoke();

    internal uint ConnectFlag(WhpEventFlag flag) => _monitoredFlags.Connect(flag);

    internal void DisconnectFlag(uint number) => _monitoredFlags.Disconnect(number);

    // The hypervisor's own status where it gave one. Anything else is no affair of the guest's.
    internal static HypercallStatus Status(WhpResult result, string call) => result switch
    {
        >= WhpResult.Success => HypercallStatus.Success,
        WhpResult.VpDoesNotExist => HypercallStatus.InvalidVpIndex,
        WhpResult.InvalidArgument => HypercallStatus.InvalidParameter,
        _ => WhpPlatform.HypervisorStatus(result) is { } status ? (HypercallStatus)status : throw new WhpException(call, result),
    };

    // A signal of a connection without a port comes out as a hypercall: where the hypervisor asks to be told to do so.
    private static WhpExtendedExits GrantedExits()
    {
        WhpExtendedExits offered = WhpPlatform.GetCapability<WhpExtendedExits>(WhpCapability.ExtendedExits) ?? WhpExtendedExits.None;
        return WhpRequirements.Exits | offered & WhpExtendedExits.UnknownSynicConnection;
    }

    // Beside what VMBus needs, what makes a guest's kernel run well: whatever of it there is.
    private static WhpSyntheticFeaturesBanks GrantedFeatures()
    {
        const WhpSyntheticFeatures Welcome = WhpSyntheticFeatures.AccessVpRunTime | WhpSyntheticFeatures.AccessReferenceCounter
            | WhpSyntheticFeatures.AccessSyntheticTimers | WhpSyntheticFeatures.AccessInterruptControl | WhpSyntheticFeatures.AccessReferenceTsc
            | WhpSyntheticFeatures.AccessGuestIdle | WhpSyntheticFeatures.AccessFrequencies | WhpSyntheticFeatures.FastHypercallOutput
            | WhpSyntheticFeatures.DirectSyntheticTimers | WhpSyntheticFeatures.ExtendedProcessorMasks | WhpSyntheticFeatures.TlbFlushHypercalls
            | WhpSyntheticFeatures.SyntheticClusterIpi | WhpSyntheticFeatures.NotifyLongSpinWait;
        var offered = WhpPlatform.GetCapability<WhpSyntheticFeaturesBanks>(WhpCapability.SyntheticFeatures) ?? default;
        return new WhpSyntheticFeaturesBanks { BanksCount = 1, Bank0 = offered.Bank0 & (WhpRequirements.Features | Welcome) };
    }
}
