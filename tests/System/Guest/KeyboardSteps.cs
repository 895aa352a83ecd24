// The kernel's own keyboard driver, hyperv-keyboard, on the device of samples/Keyboard; and a sleep that its key ends.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using VmBus.Layout;
using VmBus.Linux;
using VmBus.Samples;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

internal static class KeyboardSteps
{
    /// <summary>The word of a boot whose host has a keyboard.</summary>
    public const string Word = "keyboard";

    private const string Wanted = "Hello, VMBus 5.3! ~{\"quoted\"}";

    // struct input_event of a 64-bit kernel: the time, and u16 type, u16 code, s32 value. Type 1 is a key: 1 pressed, 0 released.
    private const int EventSize = 24, KeyType = 1;

    public static void RequireDriver()
    {
        Until(() => File.Exists("/dev/input/event0"), "no input device comes");
        Steps.Run("cat", "/proc/bus/input/devices");
        SysfsDevice keyboard = new VmBusSysfs().FindDevices(DeviceClass.Keyboard.Name).Single();
        Require(keyboard.Driver == "hyperv_keyboard", $"the keyboard's driver is {keyboard.Driver ?? "none"}");
    }

    // A character and Enter at a time: the kernel keeps 64 events for a reader, and drops what comes behind them. A key is six.
    public static void Type()
    {
        using FileStream events = OpenKeyboard();
        var typed = new StringBuilder();
        foreach (char character in Wanted)
        {
            Console.WriteLine($"@type {character}");
            typed.Append(ReadLine(events));
        }
        Console.WriteLine($"typed: {typed}");
        Require(typed.ToString() == Wanted, $"it is not '{Wanted}'");
    }

    /// <summary>Suspends to idle until a key wakes it. One that comes too early keeps the kernel from it (EBUSY): then it tries again.</summary>
    public static void Suspend()
    {
        Steps.Run("sh", "-c", "cat /sys/power/state /sys/power/mem_sleep; cat /sys/bus/vmbus/devices/*/power/wakeup");
        long before = Successes();
        Console.WriteLine("@suspends");
        int tries = 0;
        for (long start = Stopwatch.GetTimestamp(); Successes() == before; tries++)
        {
            Require(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(200), "no suspension ends well");
            try
            {
                File.WriteAllText("/sys/power/state", "freeze");
            }
            catch (IOException error)
            {
                Console.WriteLine($"not yet: {error.Message}");
            }
        }
        Console.WriteLine("@woken");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"suspended to idle and woken, at try {tries}"));
        Steps.Run("sh", "-c", "dmesg | grep -E 'PM: ' | tail -n 8");

        static long Successes() => long.Parse(File.ReadAllText("/sys/power/suspend_stats/success"), CultureInfo.InvariantCulture);
    }

    private static FileStream OpenKeyboard() => new("/dev/input/event0", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);

    // The kernel's codes of these keys are those of scan code set 1.
    private static string ReadLine(FileStream events)
    {
        var line = new StringBuilder();
        bool isShifted = false;
        Span<byte> read = stackalloc byte[EventSize];
        while (true)
        {
            events.ReadExactly(read);
            ushort code = BinaryPrimitives.ReadUInt16LittleEndian(read[18..]);
            int value = BinaryPrimitives.ReadInt32LittleEndian(read[20..]);
            if (BinaryPrimitives.ReadUInt16LittleEndian(read[16..]) != KeyType)
                continue;
            if (code == ScanCodes.LeftShift)
                isShifted = value != 0;
            else if (value == 1 && ScanCodes.ToCharacter(code, isShifted) is { } character)
            {
                if (character == '\n')
                    return line.ToString();
                line.Append(character);
            }
        }
    }
}
