// Looks at this machine: which backends can work, and what exactly the others lack. Nothing is changed; devices are
// opened where that has no effect, and closed at once.

using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Kvm;
using VmBus.Linux;
using VmBus.Whp;

namespace VmBus.Tool;

/// <summary>Finds out what works.</summary>
/// <param name="root">Where the file system begins: <c>/</c> but in tests.</param>
/// <param name="isRoot">Whether this process is root's.</param>
internal sealed class Diagnosis(string root, bool isRoot)
{
    private const string NotLinux = "It needs Linux.";

    /// <summary>What this machine is.</summary>
    public static string System => $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}";

    /// <summary>Looks at everything.</summary>
    public IReadOnlyList<DoctorFinding> All()
    {
        var findings = new List<DoctorFinding> { new("in memory", true, "The hypervisor in this process needs nothing.", []) };
        if (OperatingSystem.IsLinux())
        {
            findings.Add(SharedMemory());
            findings.Add(Uio());
            if (Kernel() is { } kernel)
                findings.Add(kernel);
            findings.Add(Module());
            findings.Add(Util("key-value pairs (hv_kvp)", KvpDaemon.DefaultPath));
            findings.Add(Util("snapshots (hv_vss)", VssDaemon.DefaultPath));
            findings.Add(Node("hypercalls from VTL 2 (mshv_sint)", "/dev/mshv_sint", "It exists in VTL 2 of a guest, from Linux 6.19 on, with the module mshv_vtl."));
            findings.Add(Node("hypercalls of a root partition (mshv)", "/dev/mshv", "It exists in the root partition of the Microsoft hypervisor, with the module mshv_root."));
            findings.Add(Kvm());
            if (HostLimits() is { } limits)
                findings.Add(limits);
        }
        else
        {
            foreach (string name in (string[])["two processes", "Linux guest (uio_hv_generic)", "KVM host"])
                findings.Add(new(name, false, NotLinux, []));
        }
        findings.Add(Whp());
        return findings;
    }

    [SupportedOSPlatform("linux")]
    private static DoctorFinding SharedMemory()
    {
        try
        {
            using MemfdHandle memfd = MemfdHandle.Create("vmbus-doctor", 4096);
            using SignalPipe signals = SignalPipe.Create();
            return new("two processes", true, "memfd and pipes work.", []);
        }
        catch (ErrnoException refused)
        {
            return new("two processes", false, "No shared memory or signals can be made.", [refused.Message]);
        }
    }

    [SupportedOSPlatform("linux")]
    private DoctorFinding Uio()
    {
        const string Name = "Linux guest (uio_hv_generic)";
        var missing = new List<string>();
        if (!Directory.Exists(At("/sys/bus/vmbus")))
        {
            missing.Add("/sys/bus/vmbus does not exist: this is not a guest of Hyper-V, or the module hv_vmbus is not loaded (modprobe hv_vmbus).");
            return new(Name, false, "There is no VMBus here.", missing);
        }
        IReadOnlyList<SysfsDevice> devices = new VmBusSysfs(At("/sys")).ListDevices();
        string found = $"{devices.Count} devices on the bus, {devices.Count(device => device.UioName is not null)} of them bound to UIO.";
        if (!Directory.Exists(At("/sys/bus/vmbus/drivers/uio_hv_generic")))
            missing.Add("The driver uio_hv_generic is not loaded (modprobe uio_hv_generic).");
        if (!isRoot)
            missing.Add("Binding devices and opening /dev/uioN need root.");
        if (!devices.Any(device => device.UioName is not null))
            found += " Bind one with vmbus bind.";
        return new(Name, missing.Count == 0, found, missing);
    }

    // Of a guest only: the faults are those of its drivers.
    private DoctorFinding? Kernel()
    {
        const string Release = "/proc/sys/kernel/osrelease";
        if (!Directory.Exists(At("/sys/bus/vmbus")) || !File.Exists(At(Release)))
            return null;
        string release = File.ReadAllText(At(Release)).Trim();
        return KernelFaults.Of(release) switch
        {
            null => null,
            { Count: 0 } => new("this guest's kernel", true, $"No faults of Linux {release} are known here.", []),
            var faults => new("this guest's kernel", false, $"Linux {release} has known faults, unless its distribution has fixed them.", faults),
        };
    }

    private DoctorFinding Module()
    {
        const string Name = "low latency of kernel drivers (vmbus_signal)";
        return File.Exists(At("/dev/vmbus/signal"))
            ? new(Name, true, "/dev/vmbus/signal is there: see vmbus low-latency.", isRoot ? [] : ["Setting the flag needs root."])
            : new(Name, false, "/dev/vmbus/signal does not exist.", [$"In a guest, {SignalModule.Advice}."]);
    }

    private DoctorFinding Util(string name, string path) =>
        Node(name, path, "It exists while hv_utils is loaded and the host offers the service.");

    private DoctorFinding Node(string name, string path, string when)
    {
        if (!File.Exists(At(path)))
            return new(name, false, $"{path} does not exist.", [when]);
        return isRoot
            ? new(name, true, $"{path} is there. Only one process at a time may have it.", [])
            : new(name, false, $"{path} is there.", ["Opening it needs root."]);
    }

    [SupportedOSPlatform("linux")]
    private DoctorFinding Kvm()
    {
        const string Name = "KVM host";
        try
        {
            using KvmSystem system = KvmSystem.Open(At(KvmSystem.DefaultPath));
            IReadOnlyList<KvmCapability> missing = KvmRequirements.Missing(system, new KvmPartitionOptions());
            string found = $"{KvmSystem.DefaultPath} works; up to {system.Check(KvmCapability.MaxVps)} VPs.";
            if (missing.Count > 0)
                return new(Name, false, found, [$"This KVM lacks {string.Join(", ", missing)}: guests run, but find no Hyper-V."]);
            bool hasEventFds = system.Check(KvmCapability.HypervEventFd) != 0;
            return new(Name, true, found + (hasEventFds ? " Signals of guests become eventfds in the kernel." : " Signals of guests come as hypercalls: this kernel cannot turn them into eventfds."), []);
        }
        catch (ErrnoException refused)
        {
            string help = refused.Errno switch
            {
                Errno.NoSuchFile => "The processor has no virtualisation, it is off, or the module is not loaded (modprobe kvm-intel or kvm-amd).",
                Errno.AccessDenied => "Join the group that owns it (usermod -aG kvm NAME), or run as root.",
                _ => "The kernel says no more.",
            };
            return new(Name, false, $"{refused.Message}.", [help]);
        }
        catch (PlatformNotSupportedException other)
        {
            return new(Name, false, other.Message, []);
        }
    }

    // What a process may have that a guest can make it spend. Nothing is said where the kernel does not tell.
    private DoctorFinding? HostLimits()
    {
        const string Name = "limits of a host's process";
        var guest = new HostBusOptions();
        if (ReadNumber("/proc/sys/vm/max_map_count", line => line) is not { } mappings || ReadNumber("/proc/self/limits", OpenFilesHard) is not { } files)
            return null;
        var missing = new List<string>();
        if (mappings < 2L * guest.MaxRingMappings)
            missing.Add(string.Create(CultureInfo.InvariantCulture, $"A guest's rings may take {guest.MaxRingMappings} mappings, and a process without any left ends (sysctl vm.max_map_count=65530)."));
        if (files < 3L * guest.MaxChannels)
            missing.Add(string.Create(CultureInfo.InvariantCulture, $"An open channel takes up to 3 files: {files / 3} channels at once. Raise the hard limit (ulimit -Hn, or LimitNOFILE= of a systemd unit)."));
        return new(Name, missing.Count == 0, string.Create(CultureInfo.InvariantCulture, $"A process may have {mappings} mappings and {files} open files."), missing);
    }

    // "Max open files            1024                 524288               files"
    private static string? OpenFilesHard(string text) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, _, var hard, ..] ? hard : null;

    private long? ReadNumber(string path, Func<string, string?> find)
    {
        try
        {
            return long.TryParse(find(File.ReadAllText(At(path))), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long number) ? number : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static DoctorFinding Whp()
    {
        const string Name = "Windows Hypervisor Platform host";
        if (!OperatingSystem.IsWindows())
            return new(Name, false, "It needs Windows.", []);
        try
        {
            IReadOnlyList<string> missing = WhpRequirements.Missing();
            return missing.Count == 0
                ? new(Name, true, "WinHvPlatform.dll is there, and the hypervisor has what guests with a SynIC need.", [])
                : new(Name, false, "Guests with a SynIC cannot be run.", missing);
        }
        catch (WhpException refused)
        {
            return new(Name, false, "The platform does not answer.", [refused.Message]);
        }
    }

    private string At(string path) => Path.Combine(root, path.TrimStart('/'));
}
