using System.Runtime.InteropServices;
using VmBus.Interop.Tests.Linux.Kvm;

namespace VmBus.Interop.Tests.Linux;

// What crosses into the kernel module, against what the C compiler makes of the module's own header.
public unsafe class SignalModuleLayoutTests
{
    [Fact]
    public void Structs_numbers_and_flags_are_those_of_the_module()
    {
        (string Expression, ulong Value)[] ours =
        [
            ("VMBUS_SIGNAL_VERSION", SignalModuleControl.InterfaceVersion),
            ("VMBUS_SIGNAL_IOC_VERSION", SignalModuleControl.VersionNumber),
            ("VMBUS_SIGNAL_IOC_BIND", SignalModuleControl.BindNumber),
            ("VMBUS_SIGNAL_IOC_SIGNAL", SignalModuleControl.SignalNumber),
            ("VMBUS_SIGNAL_IOC_SET_LOW_LATENCY", SignalModuleControl.SetLowLatencyNumber),
            ("VMBUS_SIGNAL_IOC_GET_STATE", SignalModuleControl.GetStateNumber),
            ("VMBUS_SIGNAL_SCOPE_DESCRIPTOR", SignalModuleLowLatency.ScopeDescriptor),
            ("VMBUS_SIGNAL_SCOPE_KEPT", SignalModuleLowLatency.ScopeKept),
            ("VMBUS_SIGNAL_NO_MONITOR", SignalModuleState.NoMonitor),
            ("sizeof(struct vmbus_signal_bind)", (ulong)sizeof(SignalModuleBind)),
            .. Fields<SignalModuleBind>("vmbus_signal_bind", "instance", "relid", "uio_fd", "flags", "reserved"),
            ("sizeof(struct vmbus_signal_low_latency)", (ulong)sizeof(SignalModuleLowLatency)),
            .. Fields<SignalModuleLowLatency>("vmbus_signal_low_latency", "enable", "scope", "reserved"),
            ("sizeof(struct vmbus_signal_state)", (ulong)sizeof(SignalModuleState)),
            .. Fields<SignalModuleState>("vmbus_signal_state", "instance", "type", "flags", "relid", "subchannel", "monitor_id", "connection_id", "target_cpu", "holders",
                "reserved0", "hypercalls", "interrupts", "signals", "refused", "reserved"),
            .. Enum.GetValues<SignalModuleFlags>().Where(flag => flag != SignalModuleFlags.None).Select(flag => (Name(flag), (ulong)flag)),
        ];
        ulong[] theirs = CHeaders.Evaluate([Path.Combine(AppContext.BaseDirectory, "vmbus_signal.h")], ours.Select(one => one.Expression));
        Assert.Equal(ours, ours.Zip(theirs, (one, value) => (one.Expression, value)));
    }

    // In the order of the C struct, which is the order of ours.
    private static IEnumerable<(string, ulong)> Fields<T>(string name, params string[] fields)
    {
        string[] own = [.. typeof(T).GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic).Select(field => field.Name)];
        Assert.Equal(fields.Length, own.Length);
        return fields.Zip(own, (field, mine) => ($"offsetof(struct {name}, {field})", (ulong)Marshal.OffsetOf<T>(mine)));
    }

    // MaySignal is VMBUS_SIGNAL_MAY_SIGNAL.
    private static string Name(SignalModuleFlags flag) =>
        "VMBUS_SIGNAL_" + string.Concat(flag.ToString().Select((letter, at) => at > 0 && char.IsAsciiLetterUpper(letter) ? $"_{letter}" : $"{char.ToUpperInvariant(letter)}"));
}
