using System.Globalization;
using System.Reflection;

namespace VmBus.Interop.Tests.Linux.Kvm;

/// <summary>Every number of KVM's interface is the one of the header.</summary>
public sealed class KvmNumberTests
{
    private static readonly string[] Headers = ["linux/kvm.h"];

    private static readonly Dictionary<string, string> Requests = new()
    {
        [nameof(KvmRequest.GetApiVersion)] = "KVM_GET_API_VERSION",
        [nameof(KvmRequest.CreateVm)] = "KVM_CREATE_VM",
        [nameof(KvmRequest.CheckExtension)] = "KVM_CHECK_EXTENSION",
        [nameof(KvmRequest.GetRunSize)] = "KVM_GET_VCPU_MMAP_SIZE",
        [nameof(KvmRequest.GetSupportedCpuid)] = "KVM_GET_SUPPORTED_CPUID",
        [nameof(KvmRequest.CreateVp)] = "KVM_CREATE_VCPU",
        [nameof(KvmRequest.SetMemoryRegion)] = "KVM_SET_USER_MEMORY_REGION",
        [nameof(KvmRequest.SetTssAddress)] = "KVM_SET_TSS_ADDR",
        [nameof(KvmRequest.SetIdentityMapAddress)] = "KVM_SET_IDENTITY_MAP_ADDR",
        [nameof(KvmRequest.CreateIrqChip)] = "KVM_CREATE_IRQCHIP",
        [nameof(KvmRequest.SetIrqLine)] = "KVM_IRQ_LINE",
        [nameof(KvmRequest.SetIrqRoutes)] = "KVM_SET_GSI_ROUTING",
        [nameof(KvmRequest.AssignIrqFd)] = "KVM_IRQFD",
        [nameof(KvmRequest.CreatePit)] = "KVM_CREATE_PIT2",
        [nameof(KvmRequest.AssignHypervEventFd)] = "KVM_HYPERV_EVENTFD",
        [nameof(KvmRequest.Run)] = "KVM_RUN",
        [nameof(KvmRequest.GetRegisters)] = "KVM_GET_REGS",
        [nameof(KvmRequest.SetRegisters)] = "KVM_SET_REGS",
        [nameof(KvmRequest.GetSpecialRegisters)] = "KVM_GET_SREGS",
        [nameof(KvmRequest.SetSpecialRegisters)] = "KVM_SET_SREGS",
        [nameof(KvmRequest.GetModelRegisters)] = "KVM_GET_MSRS",
        [nameof(KvmRequest.SetModelRegisters)] = "KVM_SET_MSRS",
        [nameof(KvmRequest.SetCpuid)] = "KVM_SET_CPUID2",
        [nameof(KvmRequest.EnableCapability)] = "KVM_ENABLE_CAP",
        [nameof(KvmRequest.GetHypervCpuid)] = "KVM_GET_SUPPORTED_HV_CPUID",
    };

    private static readonly Dictionary<Enum, string> Constants = new()
    {
        [KvmCapability.IrqChip] = "KVM_CAP_IRQCHIP",
        [KvmCapability.UserMemory] = "KVM_CAP_USER_MEMORY",
        [KvmCapability.AdvisedVps] = "KVM_CAP_NR_VCPUS",
        [KvmCapability.IrqFd] = "KVM_CAP_IRQFD",
        [KvmCapability.Hyperv] = "KVM_CAP_HYPERV",
        [KvmCapability.MaxVps] = "KVM_CAP_MAX_VCPUS",
        [KvmCapability.IrqFdResample] = "KVM_CAP_IRQFD_RESAMPLE",
        [KvmCapability.EnableCapability] = "KVM_CAP_ENABLE_CAP_VM",
        [KvmCapability.HypervTime] = "KVM_CAP_HYPERV_TIME",
        [KvmCapability.HypervSynic] = "KVM_CAP_HYPERV_SYNIC",
        [KvmCapability.ImmediateExit] = "KVM_CAP_IMMEDIATE_EXIT",
        [KvmCapability.HypervSynic2] = "KVM_CAP_HYPERV_SYNIC2",
        [KvmCapability.HypervVpIndex] = "KVM_CAP_HYPERV_VP_INDEX",
        [KvmCapability.HypervEventFd] = "KVM_CAP_HYPERV_EVENTFD",
        [KvmCapability.HypervCpuid] = "KVM_CAP_HYPERV_CPUID",
        [KvmExit.Unknown] = "KVM_EXIT_UNKNOWN",
        [KvmExit.Exception] = "KVM_EXIT_EXCEPTION",
        [KvmExit.Port] = "KVM_EXIT_IO",
        [KvmExit.Hypercall] = "KVM_EXIT_HYPERCALL",
        [KvmExit.Debug] = "KVM_EXIT_DEBUG",
        [KvmExit.Halt] = "KVM_EXIT_HLT",
        [KvmExit.Memory] = "KVM_EXIT_MMIO",
        [KvmExit.InterruptWindow] = "KVM_EXIT_IRQ_WINDOW_OPEN",
        [KvmExit.Shutdown] = "KVM_EXIT_SHUTDOWN",
        [KvmExit.FailedEntry] = "KVM_EXIT_FAIL_ENTRY",
        [KvmExit.Interrupted] = "KVM_EXIT_INTR",
        [KvmExit.InternalError] = "KVM_EXIT_INTERNAL_ERROR",
        [KvmExit.SystemEvent] = "KVM_EXIT_SYSTEM_EVENT",
        [KvmExit.Hyperv] = "KVM_EXIT_HYPERV",
        [KvmSystemEvent.Shutdown] = "KVM_SYSTEM_EVENT_SHUTDOWN",
        [KvmSystemEvent.Reset] = "KVM_SYSTEM_EVENT_RESET",
        [KvmSystemEvent.Crash] = "KVM_SYSTEM_EVENT_CRASH",
        [KvmHypervExit.Synic] = "KVM_EXIT_HYPERV_SYNIC",
        [KvmHypervExit.Hypercall] = "KVM_EXIT_HYPERV_HCALL",
        [KvmHypervExit.Debugger] = "KVM_EXIT_HYPERV_SYNDBG",
    };

    [Fact]
    public void Control_calls_have_the_headers_numbers()
    {
        FieldInfo[] fields = typeof(KvmRequest).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Where(field => field.FieldType == typeof(uint)).ToArray();
        Assert.Equal(Requests.Keys.Order(), fields.Select(field => field.Name).Order());
        ulong[] numbers = CHeaders.Evaluate(Headers, fields.Select(field => Requests[field.Name]));
        Assert.Equal(
            fields.Zip(numbers, (field, number) => (field.Name, number)),
            fields.Select(field => (field.Name, (ulong)(uint)field.GetValue(null)!)));
    }

    [Fact]
    public void Capabilities_exits_and_events_have_the_headers_numbers()
    {
        Enum[] all = [.. Values<KvmCapability>(), .. Values<KvmExit>(), .. Values<KvmSystemEvent>(), .. Values<KvmHypervExit>()];
        ulong[] numbers = CHeaders.Evaluate(Headers, all.Select(value => Constants[value]));
        Assert.Equal(
            all.Zip(numbers, (value, number) => (value.ToString(), number)),
            all.Select(value => (value.ToString(), Convert.ToUInt64(value, CultureInfo.InvariantCulture))));
    }

    [Fact]
    public void Routes_and_flags_that_the_code_spells_as_numbers_are_the_headers()
    {
        Assert.Equal(
            [1, 4, 0, 1, 2, 1, 2, 1, 1, (ulong)KvmSystem.ApiVersion],
            CHeaders.Evaluate(Headers, ["KVM_IRQ_ROUTING_IRQCHIP", "KVM_IRQ_ROUTING_HV_SINT", "KVM_IRQCHIP_PIC_MASTER", "KVM_IRQCHIP_PIC_SLAVE", "KVM_IRQCHIP_IOAPIC",
                "KVM_IRQFD_FLAG_DEASSIGN", "KVM_IRQFD_FLAG_RESAMPLE", "KVM_HYPERV_EVENTFD_DEASSIGN", "KVM_PIT_SPEAKER_DUMMY", "KVM_API_VERSION"]));
    }

    private static IEnumerable<Enum> Values<T>() where T : struct, Enum => Enum.GetValues<T>().Cast<Enum>();
}
