// A guest under KVM as its host sees it. What accel/kvm and hw/hyperv do in QEMU, and virt_kvm in OpenVMM.

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Kvm;

/// <summary>A guest under KVM. Its memory is a memfd.</summary>
[SupportedOSPlatform("linux")]
public sealed class KvmPartition : GuestPartition
{
    // Where nothing else of a PC lies: below the local APICs.
    private const ulong IdentityMapPage = 0xFEFF_C000;
    private const ulong TaskStatePages = 0xFEFF_D000;

    private readonly KvmSystem _system;
    private readonly KvmVm _vm;
    private readonly KvmProcessor[] _processors;
    private readonly EventDispatcher _dispatcher;
    private readonly KvmInterrupts? _interrupts;
    private readonly ThreadKick _kick = new();
    private readonly bool _useEventFds;

    /// <summary>Creates a guest whose VPs have not started.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">KVM is not available, or it refused.</exception>
    /// <exception cref="PlatformNotSupportedException">
    /// This KVM lacks a capability that the options need; the message names it.
    /// </exception>
    public KvmPartition(KvmPartitionOptions? options = null) : base(options ??= new KvmPartitionOptions())
    {
        using var made = new Undoing();
        made.Own(GuestMemory);
        _system = made.Own(KvmSystem.Open(options.Device));
        KvmRequirements.Check(_system, options);
        _vm = made.Own(_system.CreateVm());
        uint number = 0;
        foreach (GuestAddressMap.Slot slot in GuestMemory.Map.Slots)
            _vm.SetMemory(new KvmMemoryRegion { Slot = number++, GuestAddress = slot.GuestAddress, Length = slot.Length, UserAddress = (ulong)GuestMemory.Address + slot.Offset });
        _vm.SetReservedPages(IdentityMapPage, TaskStatePages);
        if (options.HasInterrupts)
        {
            _vm.CreateIrqChip();
            _vm.CreatePit();
        }
        KvmCpuidEntry[] cpuid = _system.GetSupportedCpuid();
        _processors = new KvmProcessor[options.VpCount];
        for (int vp = 0; vp < _processors.Length; vp++)
            _processors[vp] = new KvmProcessor(this, vp, made.Own(CreateVp(vp, cpuid, options.IsHyperv)), _kick);
        _useEventFds = options.IsHyperv && options.UseEventFds && _system.Check(KvmCapability.HypervEventFd) != 0;
        _dispatcher = made.Own(new EventDispatcher());
        _interrupts = options.HasInterrupts ? made.Own(new KvmInterrupts(_vm, _dispatcher, _ => Acknowledged())) : null;
        made.Keep();
    }

    /// <summary>The VPs, by index.</summary>
    internal IReadOnlyList<KvmProcessor> Processors => _processors;

    /// <summary>Whether the guest reported a crash through Hyper-V's crash registers.</summary>
    public bool HasCrashed { get; private set; }

    internal PortMap Ports { get; } = new();

    /// <summary>Puts a device at its ports. To be called before <see cref="GuestPartition.Start"/>.</summary>
    /// <param name="device">The device. Stays its owner's.</param>
    /// <exception cref="ArgumentException">Its ports are taken.</exception>
    internal void AddPorts(IPortDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Ports.Add(device);
    }

    /// <summary>Raises or lowers a line of the interrupt controllers.</summary>
    /// <param name="line">The line, 0 to 23.</param>
    /// <param name="isRaised">Whether it is raised.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The guest was disposed.</exception>
    public void SetLine(uint line, bool isRaised) => _vm.SetLine(line, isRaised);

    /// <inheritdoc/>
    internal override ISignalGate CreateGate() => _useEventFds ? new EventFdGate(_dispatcher, SpinBudget) : base.CreateGate();

    /// <inheritdoc/>
    internal override IDisposable ConnectEvents(uint connectionId, ISignalGate gate)
    {
        if (!_useEventFds || gate is not EventFdGate direct || !direct.TryClaim())
            return base.ConnectEvents(connectionId, gate);
        using var made = new Undoing();
        made.Own(new Undo(direct.Release));
        long before = direct.CountArrivals();
        Undo entry = made.Own(Calls.Connect(connectionId, new GuestConnection(null, gate.Set, () => direct.CountArrivals() - before)));
        ConnectInKernel(connectionId, direct.Arrivals);
        made.Keep();
        return new Undo(() =>
        {
            _vm.DisconnectEvent(connectionId);
            entry.Dispose();
            direct.Release();
        });
    }

    /// <inheritdoc/>
    internal override IDisposable ConnectEvents(uint connectionId, Action signalled)
    {
        ArgumentNullException.ThrowIfNull(signalled);
        var connection = new GuestConnection(null, signalled);
        if (!_useEventFds)
            return Calls.Connect(connectionId, connection);
        using var made = new Undoing();
        Undo entry = made.Own(Calls.Connect(connectionId, connection));
        EventFd signal = made.Own(EventFd.Create());
        ConnectInKernel(connectionId, signal);
        IDisposable watch = _dispatcher.Add(signal, connection.Signal);
        made.Keep();
        return new Undo(() =>
        {
            _vm.DisconnectEvent(connectionId);
            watch.Dispose();
            entry.Dispose();
        });
    }

    /// <inheritdoc/>
    internal override HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload)
    {
        if (target.Vp >= (uint)VpCount)
            return HypercallStatus.InvalidVpIndex;
        if (_interrupts is null || target.Sint >= SynicMsr.SintCount || payload.Length > SynicMessagePayload.Size)
            return HypercallStatus.InvalidParameter;
        return _processors[target.Vp].Post(target.Sint, payload, _interrupts.Line(target.Vp, target.Sint));
    }

    /// <inheritdoc/>
    internal override IEventFlag? TryCreateEventFlag(MessageTarget target, int flag) =>
        _interrupts is not null && target.Vp < (uint)VpCount && target.Sint < SynicMsr.SintCount && (uint)flag < SynicEventFlags.FlagCount
            ? new KvmEventFlag(this, target, flag)
            : null;

    internal void Crashed() => HasCrashed = true;

    // The guest has acknowledged an interrupt, or written EOM: by then it may have freed a slot.
    private void Acknowledged()
    {
        foreach (KvmProcessor processor in _processors)
            processor.SlotFreed();
        SlotsChanged();
    }

    internal EventFd SintLine(MessageTarget target) => _interrupts!.Line(target.Vp, target.Sint);

    private protected override void StartProcessors()
    {
        foreach (KvmProcessor processor in _processors)
            processor.Start();
    }

    private protected override void StopProcessors()
    {
        foreach (KvmProcessor processor in _processors)
            processor.Stop();
    }

    private protected override void JoinProcessors()
    {
        foreach (KvmProcessor processor in _processors)
            processor.Join();
    }

    private protected override void Release()
    {
        _interrupts?.Dispose();
        _dispatcher.Dispose();
        foreach (KvmProcessor processor in _processors)
            processor.Release();
        _vm.Dispose();
        _system.Dispose();
        _kick.Dispose();
    }

    private void ConnectInKernel(uint connectionId, EventFd signal)
    {
        try
        {
            _vm.ConnectEvent(connectionId, signal);
        }
        catch (ErrnoException refused)
        {
            throw new InvalidOperationException($"The kernel does not accept the signals of connection {connectionId}: {refused.Message}", refused);
        }
    }

    private KvmVp CreateVp(int index, ReadOnlySpan<KvmCpuidEntry> cpuid, bool isHyperv)
    {
        KvmVp vp = _vm.CreateVp(index);
        try
        {
            if (isHyperv)
                vp.Enable(KvmCapability.HypervSynic2);
            vp.SetCpuid(GuestCpuid.Create(cpuid, isHyperv ? vp.GetHypervCpuid() : [], index));
            return vp;
        }
        catch
        {
            vp.Dispose();
            throw;
        }
    }
}
