using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using VmBus.Interop;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// The same kernel once more, by kexec: the machine is not reset. The first one unloads the bus, and the second makes contact with a
/// host that has served it. A kernel that crashes on VP 1 starts its second one there: that makes contact from VP 1, and has no other.
/// </summary>
internal static partial class KexecSteps
{
    /// <summary>The word by which the second kernel's round is a shorter one.</summary>
    public const string SecondWord = "second";

    /// <summary>The word of a boot that crashes on VP 1 into a kernel that memory was set aside for.</summary>
    public const string CrashWord = "crash-on-vp-1";

    private const string Kernel = "/kernel", InitialDisk = "/tmp/initrd", Library = "libc";
    private const long FileLoadCall = 320;              // kexec_file_load
    private const long OnCrash = 2;                     // KEXEC_FILE_ON_CRASH
    private const int KexecCommand = 0x45584543;        // LINUX_REBOOT_CMD_KEXEC

    /// <summary>Loads the kernel, with as much of this file system as its round needs.</summary>
    public static void Load() => Load("", 0, "/sys/kernel/kexec_loaded");

    /// <summary>Loads it for a crash. It has one processor: that on which the crash happens.</summary>
    public static void LoadForCrash() => Load(" nr_cpus=1 reset_devices", OnCrash, "/sys/kernel/kexec_crash_loaded");

    /// <summary>Crashes this kernel on VP 1, while the host beats and an echo is open.</summary>
    public static void Crash()
    {
        ThreadScheduling.SetAffinity([1]);
        Console.WriteLine("@crashes");
        File.WriteAllText("/proc/sys/kernel/sysrq", "1");
        File.WriteAllText("/proc/sysrq-trigger", "c");
        throw new FailedException("it goes on");
    }

    /// <summary>That the only processor of this kernel is VP 1.</summary>
    public static void RequireOtherProcessor()
    {
        string[] ids = [.. File.ReadLines("/proc/cpuinfo").Where(line => line.StartsWith("initial apicid", StringComparison.Ordinal))];
        Console.WriteLine(string.Join(", ", ids));
        Require(ids.Length == 1 && ids[0].EndsWith(": 1", StringComparison.Ordinal), "its processor is not VP 1 alone");
    }

    private static void Load(string words, long flags, string loaded)
    {
        Steps.Run("sh", "-ec", $"cd /; {{ find init bin lib lib64 modules; printf '%s\\n' dev proc sys tmp; }} | cpio -o -H newc >{InitialDisk} 2>/dev/null");
        string commandLine = $"{File.ReadAllText("/proc/cmdline").Trim()} {SecondWord}{words}";
        using (SafeFileHandle kernel = File.OpenHandle(Kernel), disk = File.OpenHandle(InitialDisk))
        {
            // With its zero.
            long result = LoadFiles(FileLoadCall, kernel, disk, Encoding.UTF8.GetByteCount(commandLine) + 1, commandLine, flags);
            Require(result == 0, $"the kernel is not loaded: {Marshal.GetLastPInvokeErrorMessage()}");
            Console.WriteLine($"loaded, with {RandomAccess.GetLength(kernel)} bytes of kernel and {RandomAccess.GetLength(disk)} of initramfs");
        }
        File.Delete(InitialDisk);
        Steps.Run("sh", "-c", $"dmesg | grep -i kexec | tail -n 3; test \"$(cat {loaded})\" = 1");
    }

    /// <summary>Starts the loaded kernel. Comes back only if that fails.</summary>
    public static int Start()
    {
        Reboot(KexecCommand);
        Console.WriteLine($"FAILED: the loaded kernel does not start: {Marshal.GetLastPInvokeErrorMessage()}");
        return 1;
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long LoadFiles(long call, SafeFileHandle kernel, SafeFileHandle initialDisk, long commandLineLength, string commandLine, long flags);

    [LibraryImport(Library, EntryPoint = "reboot", SetLastError = true)]
    private static partial int Reboot(int command);
}
