// A guest under the Windows Hypervisor Platform as its host sees it. What virt_whp does in OpenVMM: the hypervisor keeps
// the SynIC, notification ports turn signals into events, triggers turn events into event flags.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Whp;

/// <summary>A guest under the Windows Hypervisor Platform. Its memory is a section of the paging file.</summary>
[SupportedOSPlatform("windows")]
public sealed class WhpPartition : GuestPartition
{
    private const uint XApic = 1;
    private const ulong UnhandledMsrs = 1;

    private readonly WhpPartitionOptions _options;
    private readonly WhpProcessor[] _processors;
    private readonly HandleDispatcher _dispatcher;

    /// <summary>Creates a guest whose VPs have not started.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="PlatformNotSupportedException">
    /// This Windows lacks a feature; the message names it and how to get it.
    /// </exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The platform refused.</exception>
    public WhpPartition(WhpPartitionOptions? options = null) : base(options ??= new WhpPartitionOptions())
    {
        _options = options;
        using var made = new Undoing();
        made.Own(GuestMemory);
        WhpRequirements.Check();
        Vm = made.Own(WhpVm.Create());
        Vm.SetProperty(WhpProperty.ProcessorCount, (uint)_options.VpCount);
        Vm.SetProperty(WhpProperty.LocalApicMode, XApic);
        Vm.SetProperty(WhpProperty.MsrExitBitmap, UnhandledMsrs);
        Vm.SetProperty(WhpProperty.ExtendedExits, GrantedExits());
        Vm.SetProperty(WhpProperty.SyntheticFeatures, GrantedFeatures());
        Vm.SetUp();
        Vm.Map(GuestMemory.Address, 0, (ulong)GuestMemory.Size);
        _processors = new WhpProcessor[_options.VpCount];
        for (int vp = 0; vp < _processors.Length; vp++)
            _processors[vp] = new WhpProcessor(this, made.Own(Vm.CreateVp(vp)));
        _dispatcher = made.Own(new HandleDispatcher());
        made.Keep();
    }

    /// <summary>The VPs, by index.</summary>
    internal IReadOnlyList<WhpProcessor> Processors => _processors;

    internal WhpVm Vm { get; }

    /// <summary>
    /// Lists the features that this Windows lacks for guests with a SynIC: one sentence each, with the remedy if there is one.
    /// </summary>
    /// <returns>The missing features; empty if guests can run.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">The platform does not answer.</exception>
    public static IReadOnlyList<string> FindMissing() => WhpRequirements.Missing();

    /// <inheritdoc/>
    internal override IDisposable ConnectEvents(uint connectionId, Action signalled)
    {
        ArgumentNullException.ThrowIfNull(signalled);
        // Beside a port as well: the monitor page signals connections here, and a slow call may come out all the same.
        var connection = new GuestConnection(null, signalled);
        ThrowIfDisposed();
        using var made = new Undoing();
        Undo entry = made.Own(Calls.Connect(connectionId, connection));
        if (_options.UsePorts)
        {
            var signal = made.Own(new EventWaitHandle(false, EventResetMode.AutoReset));
            if (TryCreatePort(connectionId, signal) is { } port)
            {
                made.Own(port);
                IDisposable watch = _dispatcher.Add(signal, () => connection.Signal());
                made.Keep();
                return new Undo(() =>
                {
                    port.Dispose();
                    watch.Dispose();
                    entry.Dispose();
                });
            }

            signal.Dispose();
        }

        made.Keep();
        return entry;
    }

    /// <inheritdoc/>
    internal override HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload)
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
    internal override IEventFlag? TryCreateEventFlag(MessageTarget target, int flag) =>
        target.Vp < (uint)VpCount && target.Sint < SynicMsr.SintCount && (uint)flag < SynicEventFlags.FlagCount
            ? new WhpEventFlag(this, target, flag, _options.UseTriggers)
            : null;

    private WhpPort? TryCreatePort(uint connectionId, EventWaitHandle signal)
    {
        try
        {
            return Vm.TryCreatePort(connectionId, signal.SafeWaitHandle);
        }
        catch (WhpException refused)
        {
            throw new InvalidOperationException($"The hypervisor does not accept the signals of connection {connectionId}: {refused.Message}", refused);
        }
    }

    private protected override void StartProcessors()
    {
        foreach (WhpProcessor processor in _processors)
            processor.Start();
    }

    private protected override void StopProcessors()
    {
        foreach (WhpProcessor processor in _processors)
            processor.Stop();
    }

    private protected override void JoinProcessors()
    {
        foreach (WhpProcessor processor in _processors)
            processor.Join();
    }

    private protected override void Release()
    {
        _dispatcher.Dispose();
        foreach (WhpProcessor processor in _processors)
            processor.Vp.Dispose();
        Vm.Unmap(0, (ulong)GuestMemory.Size);
        Vm.Dispose();
    }

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
