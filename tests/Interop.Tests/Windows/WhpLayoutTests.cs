using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace VmBus.Interop.Tests.Windows;

// Every struct and number that crosses into WinHvPlatform.dll, against the C headers: as they were evaluated once
// (layouts.txt, made by tests/Whp.Tests/layouts.sh), and as the cross compiler evaluates them where it is installed.
public unsafe class WhpLayoutTests
{
    private const string Compiler = "x86_64-w64-mingw32-gcc";

    [Fact]
    public void Structs_and_numbers_are_those_of_the_recorded_headers()
    {
        using var reader = new StreamReader(typeof(WhpLayoutTests).Assembly.GetManifestResourceStream("whp-layouts.txt")!);
        string[] recorded = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(recorded, Ours().Select(fact => string.Create(CultureInfo.InvariantCulture, $"{fact.Expression} = {fact.Value}")));
    }

    [Fact]
    public void Structs_and_numbers_are_those_of_the_installed_headers()
    {
        Assert.SkipUnless(IsInstalled() || Environment.GetEnvironmentVariable("VMBUS_WHP") == "required", $"NOT TESTED: {Compiler} is not installed.");
        Assert.Equal("", Compile(Ours()));
    }

    [Fact]
    public void The_comparison_sees_a_wrong_number()
    {
        Assert.SkipUnless(IsInstalled(), $"NOT TESTED: {Compiler} is not installed.");
        Assert.Contains("wrong_0", Compile([("sizeof(WHV_TRIGGER_PARAMETERS)", 31)]), StringComparison.Ordinal);
        Assert.Contains("wrong_0", Compile([Flag("WHV_EXTENDED_VM_EXITS", "HypercallExit", 1)]), StringComparison.Ordinal);
    }

    private static List<(string Expression, ulong Value)> Ours()
    {
        var all = new List<(string, ulong)>();
        Add<WhpExit>("WHV_RUN_VP_EXIT_CONTEXT", ("ExitReason", "Reason"), ("VpContext", "Vp"), ("MemoryAccess", "Memory"), ("IoPortAccess", "Port"),
            ("MsrAccess", "Msr"), ("Hypercall", "Hypercall"), ("SynicSintDeliverable", "SintDeliverable"));
        Add<WhpVpState>("WHV_VP_EXIT_CONTEXT", ("ExecutionState", "ExecutionState"), ("Reserved", "Reserved"), ("Reserved2", "Reserved2"), ("Cs", "Cs"),
            ("Rip", "Rip"), ("Rflags", "Rflags"));
        Add<WhpSegment>("WHV_X64_SEGMENT_REGISTER", ("Base", "Base"), ("Limit", "Limit"), ("Selector", "Selector"), ("Attributes", "Attributes"));
        Add<WhpMemoryAccess>("WHV_MEMORY_ACCESS_CONTEXT", ("InstructionBytes", "InstructionBytes0"), ("AccessInfo", "AccessInfo"), ("Gpa", "Gpa"), ("Gva", "Gva"));
        Add<WhpPortAccess>("WHV_X64_IO_PORT_ACCESS_CONTEXT", ("InstructionBytes", "InstructionBytes0"), ("AccessInfo", "AccessInfo"),
            ("PortNumber", "PortNumber"), ("Rax", "Rax"), ("Rcx", "Rcx"), ("Rsi", "Rsi"), ("Rdi", "Rdi"), ("Ds", "Ds"), ("Es", "Es"));
        Add<WhpMsrAccess>("WHV_X64_MSR_ACCESS_CONTEXT", ("AccessInfo", "AccessInfo"), ("MsrNumber", "MsrNumber"), ("Rax", "Rax"), ("Rdx", "Rdx"));
        Add<WhpHypercall>("WHV_HYPERCALL_CONTEXT", ("Rax", "Rax"), ("Rbx", "Rbx"), ("Rcx", "Rcx"), ("Rdx", "Rdx"), ("R8", "R8"), ("Rsi", "Rsi"), ("Rdi", "Rdi"),
            ("Reserved0", "Reserved0"), ("XmmRegisters", "Xmm0Low"));
        Add<WhpSintDeliverable>("WHV_SYNIC_SINT_DELIVERABLE_CONTEXT", ("DeliverableSints", "DeliverableSints"), ("Reserved1", "Reserved1"), ("Reserved2", "Reserved2"));
        Add<WhpSynicEvent>("WHV_SYNIC_EVENT_PARAMETERS", ("VpIndex", "VpIndex"), ("TargetSint", "TargetSint"), ("Reserved", "Reserved"), ("FlagNumber", "FlagNumber"));
        Add<WhpPortParameters>("WHV_NOTIFICATION_PORT_PARAMETERS", ("NotificationPortType", "NotificationPortType"), ("Reserved", "Reserved"), ("Event.ConnectionId", "ConnectionId"));
        Add<WhpTriggerParameters>("WHV_TRIGGER_PARAMETERS", ("TriggerType", "TriggerType"), ("Reserved", "Reserved"), ("SynicEvent", "SynicEvent"));
        Add<WhpSyntheticFeaturesBanks>("WHV_SYNTHETIC_PROCESSOR_FEATURES_BANKS", ("BanksCount", "BanksCount"), ("Reserved0", "Reserved0"), ("Bank0", "Bank0"));
        all.Add(("sizeof(WHV_REGISTER_VALUE)", (ulong)sizeof(WhpRegisterValue)));
        all.Add(("_Alignof(WHV_REGISTER_VALUE)", 16));
        all.Add(("_Alignof(WHV_RUN_VP_EXIT_CONTEXT)", 16));
        foreach (string type in new[] { "WHV_CAPABILITY_CODE", "WHV_PARTITION_PROPERTY_CODE", "WHV_MAP_GPA_RANGE_FLAGS", "WHV_REGISTER_NAME", "WHV_NOTIFICATION_PORT_PROPERTY_CODE", "WINBOOL" })
            all.Add(($"sizeof({type})", sizeof(uint)));
        foreach (string type in new[] { "WHV_NOTIFICATION_PORT_PROPERTY", "WHV_EXTENDED_VM_EXITS", "WHV_SYNTHETIC_PROCESSOR_FEATURES", "WHV_CAPABILITY_FEATURES", "WHV_PARTITION_HANDLE" })
            all.Add(($"sizeof({type})", sizeof(ulong)));
        all.Add(("WHV_SYNIC_MESSAGE_SIZE", 256));

        Number("WHvCapabilityCode", (WhpCapability.HypervisorPresent, "HypervisorPresent"), (WhpCapability.Features, "Features"),
            (WhpCapability.ExtendedExits, "ExtendedVmExits"), (WhpCapability.SyntheticFeatures, "SyntheticProcessorFeaturesBanks"));
        Number("WHvPartitionPropertyCode", (WhpProperty.ExtendedExits, "ExtendedVmExits"), (WhpProperty.MsrExitBitmap, "X64MsrExitBitmap"),
            (WhpProperty.LocalApicMode, "LocalApicEmulationMode"), (WhpProperty.SyntheticFeatures, "SyntheticProcessorFeaturesBanks"),
            (WhpProperty.ProcessorCount, "ProcessorCount"));
        Number("WHvMapGpaRangeFlag", (WhpMapping.None, "None"), (WhpMapping.Read, "Read"), (WhpMapping.Write, "Write"), (WhpMapping.Execute, "Execute"));
        Number("WHvRunVpExitReason", (WhpExitReason.None, "None"), (WhpExitReason.Memory, "MemoryAccess"), (WhpExitReason.Port, "X64IoPortAccess"),
            (WhpExitReason.UnrecoverableException, "UnrecoverableException"), (WhpExitReason.InvalidRegisterValue, "InvalidVpRegisterValue"),
            (WhpExitReason.UnsupportedFeature, "UnsupportedFeature"), (WhpExitReason.InterruptWindow, "X64InterruptWindow"), (WhpExitReason.Halt, "X64Halt"),
            (WhpExitReason.ApicEoi, "X64ApicEoi"), (WhpExitReason.SintDeliverable, "SynicSintDeliverable"), (WhpExitReason.Msr, "X64MsrAccess"),
            (WhpExitReason.Cpuid, "X64Cpuid"), (WhpExitReason.Exception, "Exception"), (WhpExitReason.Hypercall, "Hypercall"), (WhpExitReason.Canceled, "Canceled"));
        Number("WHvX64Register", (WhpRegister.Rax, "Rax"), (WhpRegister.Rcx, "Rcx"), (WhpRegister.Rdx, "Rdx"), (WhpRegister.Rbx, "Rbx"), (WhpRegister.Rip, "Rip"),
            (WhpRegister.Rflags, "Rflags"), (WhpRegister.DeliverabilityNotifications, "DeliverabilityNotifications"));
        Number("WHvRegister", (WhpRegister.Scontrol, "Scontrol"), (WhpRegister.Siefp, "Siefp"), (WhpRegister.Simp, "Simp"), (WhpRegister.PendingEvent, "PendingEvent"));
        Number("WHvNotificationPortProperty", (WhpPortProperty.PreferredTargetVp, "PreferredTargetVp"), (WhpPortProperty.PreferredTargetDuration, "PreferredTargetDuration"));
        all.Add(("WHvNotificationPortTypeEvent", WhpPortParameters.EventType));
        all.Add(("WHvTriggerTypeSynicEvent", WhpTriggerParameters.SynicEventType));

        Flags<WhpFeatures>("WHV_CAPABILITY_FEATURES", "PartialUnmap", "LocalApicEmulation");
        Flags<WhpExtendedExits>("WHV_EXTENDED_VM_EXITS", "X64CpuidExit", "X64MsrExit", "HypercallExit", "UnknownSynicConnection");
        Flags<WhpSyntheticFeatures>("WHV_SYNTHETIC_PROCESSOR_FEATURES", "HypervisorPresent", "Hv1", "AccessVpRunTimeReg", "AccessPartitionReferenceCounter", "AccessSynicRegs",
            "AccessSyntheticTimerRegs", "AccessIntrCtrlRegs", "AccessHypercallRegs", "AccessVpIndex", "AccessPartitionReferenceTsc", "AccessGuestIdleReg",
            "AccessFrequencyRegs", "FastHypercallOutput", "DirectSyntheticTimers", "ExtendedProcessorMasks", "TbFlushHypercalls", "SyntheticClusterIpi",
            "NotifyLongSpinWait", "SignalEvents");
        return all;

        void Add<T>(string name, params (string Theirs, string Ours)[] fields) where T : unmanaged
        {
            all.Add(($"sizeof({name})", (ulong)sizeof(T)));
            foreach ((string theirs, string ours) in fields)
                all.Add(($"offsetof({name}, {theirs})", (ulong)Marshal.OffsetOf<T>(ours)));
        }

        void Number<T>(string prefix, params (T Value, string Name)[] values) where T : struct, Enum
        {
            foreach ((T value, string name) in values)
                all.Add((prefix + name, Convert.ToUInt64(value, CultureInfo.InvariantCulture)));
        }

        // In the order of their bits, every one of ours.
        void Flags<T>(string type, params string[] names) where T : struct, Enum
        {
            ulong[] values = [.. Enum.GetValues<T>().Select(value => Convert.ToUInt64(value, CultureInfo.InvariantCulture)).Where(value => value != 0).Order()];
            Assert.Equal(values.Length, names.Length);
            all.AddRange(names.Zip(values, (name, value) => Flag(type, name, value)));
        }
    }

    private static (string Expression, ulong Value) Flag(string type, string name, ulong value) => ($"(({type}){{ .{name} = 1 }}).AsUINT64", value);

    // A wrong fact calls a function that may not be called; one that is right is compiled to nothing. No program is run.
    private static string Compile(List<(string Expression, ulong Value)> facts)
    {
        var source = new StringBuilder("#include <windows.h>\n#include <stddef.h>\n#include <winhvplatform.h>\n");
        for (int i = 0; i < facts.Count; i++)
            source.Append(CultureInfo.InvariantCulture, $"__attribute__((error(\"{facts[i].Expression}\"))) void wrong_{i}(void);\n");
        source.Append("void check(void) {\n");
        for (int i = 0; i < facts.Count; i++)
            source.Append(CultureInfo.InvariantCulture, $"if ((unsigned long long)({facts[i].Expression}) != {facts[i].Value}ull) wrong_{i}();\n");
        source.Append("}\n");
        using Process compiler = Process.Start(new ProcessStartInfo(Compiler, ["-O2", "-x", "c", "-S", "-o", "-", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        compiler.StandardInput.Write(source);
        compiler.StandardInput.Close();
        Task<string> output = compiler.StandardOutput.ReadToEndAsync();
        string errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        output.Wait(TestContext.Current.CancellationToken);
        return compiler.ExitCode == 0 ? errors : $"exit code {compiler.ExitCode}\n{errors}";
    }

    private static bool IsInstalled() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, Compiler)));
}
