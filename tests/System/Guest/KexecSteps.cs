using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// The same kernel once more, by kexec: the machine is not reset. The first one unloads the bus, and the second makes contact with a
/// host that has served it.
/// </summary>
internal static partial class KexecSteps
{
    /// <summary>The word by which the second kernel's round is a shorter one.</summary>
    public const string SecondWord = "second";

    private const string Kernel = "/kernel", InitialDisk = "/tmp/initrd", Library = "libc";
    private const long FileLoadCall = 320;              // kexec_file_load
    private const int KexecCommand = 0x45584543;        // LINUX_REBOOT_CMD_KEXEC

    /// <summary>Loads the kernel, with as much of this file system as its round needs.</summary>
    public static void Load()
    {
        Steps.Run("sh", "-ec", $"cd /; {{ find init bin lib lib64 modules; printf '%s\\n' dev proc sys tmp; }} | cpio -o -H newc >{InitialDisk} 2>/dev/null");
        string commandLine = $"{File.ReadAllText("/proc/cmdline").Trim()} {SecondWord}";
        using (SafeFileHandle kernel = File.OpenHandle(Kernel), disk = File.OpenHandle(InitialDisk))
        {
            // With its zero. There are no flags.
            long result = LoadFiles(FileLoadCall, kernel, disk, Encoding.UTF8.GetByteCount(commandLine) + 1, commandLine, 0);
            Require(result == 0, $"the kernel is not loaded: {Marshal.GetLastPInvokeErrorMessage()}");
            Console.WriteLine($"loaded, with {RandomAccess.GetLength(kernel)} bytes of kernel and {RandomAccess.GetLength(disk)} of initramfs");
        }
        File.Delete(InitialDisk);
        Steps.Run("sh", "-c", "dmesg | grep -i kexec | tail -n 3; test \"$(cat /sys/kernel/kexec_loaded)\" = 1");
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
