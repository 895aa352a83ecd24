using System.Diagnostics;
using System.Globalization;
using System.Text;
using VmBus.Layout;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// A short round for any stock kernel in a guest of our own host: what it negotiates, its drivers and daemons on our offers, and
/// an echo over UIO. What the host is to do is written to the console, behind <c>@host</c>.
/// </summary>
internal sealed class StockSteps(string[] words)
{
    private const string Pool = "/var/lib/hyperv/.kvp_pool_0";

    internal static readonly Guid EchoClass = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e01");
    internal static readonly Guid Monitored = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e02");
    internal static readonly VmBusSysfs Sysfs = new();
    internal static readonly VmBusDeviceOptions Options = new() { Trust = PeerTrust.Untrusted };

    // From the first kernel to the last; the network adapter is taken away before the others are done with.
    private static readonly Guid[] Offered =
    [
        DeviceClass.Heartbeat.Id, DeviceClass.TimeSync.Id, DeviceClass.Shutdown.Id, DeviceClass.KeyValuePairs.Id, DeviceClass.Backup.Id, DeviceClass.FileCopy.Id, EchoClass, EchoClass,
        DeviceClass.Scsi.Id, DeviceClass.Scsi.Id, DeviceClass.Scsi.Id,
    ];

    private SocketSteps Sockets => new(IsLarge ? 200 : 20);

    private bool IsLarge => words.Contains("above-4g");

    public IEnumerable<(string Name, Action Step)> All =>
        words.Contains(KexecSteps.SecondWord) ? Second
        : words.Contains(CrashSteps.WriteWord) ? [("writes until the host is killed", CrashSteps.Write)]
        : words.FirstOrDefault(word => word.StartsWith(CrashSteps.AckedWord, StringComparison.Ordinal)) is { } acked
            ? [("what was on the disk when the host was killed", () => CrashSteps.Verify(int.Parse(acked[CrashSteps.AckedWord.Length..], CultureInfo.InvariantCulture)))]
        : words.Contains(HibernationSteps.HibernateWord) ? [("the version", RequireVersion), ("hibernated to a disk, and resumed under another host", new HibernationSteps(Sysfs, trips => Echo(trips)).HibernateToDisk)]
        : words.Contains(HibernationSteps.ResumeWord) ? [("the image that another host's guest wrote", HibernationSteps.Resume)]
        : words.Contains(KexecSteps.CrashWord) ? [("the version", RequireVersion), ("a crash kernel loaded", KexecSteps.LoadForCrash), ("crashed", KexecSteps.Crash)]
        : words.Contains(StarvedSteps.Word) ? [("the version", RequireVersion), ("integration components", RequireComponents), ("connections until the host has no descriptors", StarvedSteps.Run)]
        : words.Contains(KeyboardSteps.Word)
            ? [("the version", RequireVersion), ("the keyboard's driver", KeyboardSteps.RequireDriver), ("typed", KeyboardSteps.Type), ("suspended to idle, and woken by a key", KeyboardSteps.Suspend),
                ("typed after the sleep", KeyboardSteps.Type)]
        : First;

    // Of the kernel that the first one started.
    private (string Name, Action Step)[] Second =>
    [
        .. words.Contains(KexecSteps.CrashWord) ? new (string, Action)[] { ("its processor", KexecSteps.RequireOtherProcessor) } : [],
        ("the version, after kexec", RequireVersion),
        ("devices, after kexec", () => RequireDevices(Offered)),
        ("integration components, after kexec", RequireComponents),
        ("an echo over UIO, after kexec", Echo),
    ];

    private (string Name, Action Step)[] First =>
    [
        ("the version", RequireVersion),
        ("memory above 4 GiB", RequireMemory),
        ("devices", () => RequireDevices([.. Offered, DeviceClass.Network.Id])),
        ("integration components", RequireComponents),
        ("disks", DiskSteps.Run),
        ("a disk taken away under load", DiskSteps.TakeAway),
        ("lsvmbus beside vmbus list", ListerSteps.Compare),
        ("the kernel's daemon of key-value pairs", ExchangePairs),
        ("an interface's addresses by that daemon", TellAddresses),
        ("the kernel's daemon of snapshots", Freeze),
        ("the kernel's daemon of file copies", TakeFile),
        ("vmbus kvp beside the kernel's daemon", () => OwnDaemonSteps.ShareFiles(() => StartDaemon("hv_kvp_daemon"), EndDaemon)),
        ("vmbus kvp in its place", OwnDaemonSteps.ServePairs),
        ("vmbus vss in the place of the kernel's daemon", OwnDaemonSteps.ServeSnapshots),
        ("an echo over UIO", Echo),
        ("network", NetworkSteps.Run),
        ("sockets of the host's", Sockets.Accept),
        ("sockets to the host", Sockets.Connect),
        ("hv_utils, out and in three times", ReloadUtilities),
        ("a driver unbound and bound under traffic", RebindUnderTraffic),
        ("offered and rescinded, again and again", OfferSteps.RescindIdle),
        ("rescinded and offered 100 times while the kernel drives it", OfferSteps.RescindDriven),
        ("many channels at once", OfferSteps.OfferMany),
        ("64 channels open at once", OpenMany),
        ("hibernated, and resumed", new HibernationSteps(Sysfs, trips => Echo(trips)).HibernateInMemory),
        ("what the disks hold", DiskSteps.Tell),
        ("the kernel loaded once more", KexecSteps.Load),
    ];

    private void RequireVersion()
    {
        string wanted = words.Single(word => word.StartsWith("version=", StringComparison.Ordinal))[8..];
        Until(() => Dmesg().Contains("Vmbus version:", StringComparison.Ordinal), "hv_vmbus does not connect");
        Steps.Run("sh", "-c", "dmesg | grep -iE 'hypervisor detected|vmbus|hv_|rtc'");
        Require(Dmesg().Contains($"Vmbus version:{wanted}", StringComparison.Ordinal), $"it is not version {wanted}, the newest that both know");
        Require(DateTime.UtcNow.Year >= 2025, $"the clock says {DateTime.UtcNow:u}");
        // A kernel waits 8 to 10 s for a CMOS clock that does not answer, and says so.
        Require(!Dmesg().Contains("Unable to read current time from RTC", StringComparison.Ordinal), "the kernel waited for a CMOS clock");
    }

    private void RequireMemory()
    {
        if (!IsLarge)
        {
            Console.WriteLine("skipped: this guest has none");
            return;
        }

        string total = File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        Console.WriteLine(total);
        Require(long.Parse(total.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) > 4L << 20, "it is not more than 4 GiB");
        string[] ranges = [.. File.ReadLines("/proc/iomem").Where(line => line.EndsWith("System RAM", StringComparison.Ordinal))];
        Console.WriteLine(string.Join(Environment.NewLine, ranges));
        Require(ranges.Any(line => line.StartsWith("100000000-", StringComparison.Ordinal)), "none begins at 4 GiB");
        Require(ranges.All(line => !line.StartsWith("c0000000-", StringComparison.Ordinal)), "some lies in the hole");
    }

    private static void RequireDevices(Guid[] classes)
    {
        Until(() => Sysfs.ListDevices().Count == classes.Length, "not every offer became a device");
        Steps.Run("/bin/vmbus", "list", "--tree");
        Require(Sysfs.ListDevices().Select(device => device.ClassId!.Value).Order().SequenceEqual(classes.Order()), "other classes than were offered");
    }

    private static void RequireComponents()
    {
        foreach (string line in new[] { "Heartbeat IC version 3.0", "TimeSync IC version", "Shutdown IC version 3." })
            Until(() => Dmesg().Contains(line, StringComparison.Ordinal), $"hv_utils does not say '{line}'");
    }

    private static void ExchangePairs()
    {
        using Process daemon = StartDaemon("hv_kvp_daemon");
        Host("kvp set colour green");
        Until(() => Pairs().Contains("colour=green"), "the daemon keeps no pair");
        Host("kvp set shape round");
        Until(() => Pairs().Contains("shape=round"), "the daemon keeps no second pair");
        Host("kvp get colour");
        Host("kvp list");
        // Asked one at a time: what is asked after the list shows that the list was answered.
        Host("kvp set size large");
        Until(() => Pairs().Contains("size=large"), "the daemon keeps no third pair");
        Host("kvp delete colour");
        // The daemon empties its file and writes it again: a look in between finds some pairs, or none.
        Until(() => Pairs().Order(StringComparer.Ordinal).SequenceEqual(["shape=round", "size=large"]), "the pair does not go, or others do");
        EndDaemon(daemon);
    }

    // With a mounted ext4 of one of the disks, whose writer stops where it is while the volume is frozen, and goes on after it.
    private static void Freeze()
    {
        using Process daemon = StartDaemon("hv_vss_daemon");
        AskToFreeze();
        EndDaemon(daemon);
    }

    internal static void AskToFreeze()
    {
        Ask("check");
        DiskSteps.Freeze(() => Ask("freeze"), () => Ask("check"), () => Ask("thaw"));

        static void Ask(string what) => StockSteps.Ask(DeviceClass.Backup, $"vss {what}");
    }

    // hv_kvp_daemon finds the interface by its MAC address in sysfs. It asks ip, and programs of its package, which are not here.
    // It starts before there is a route: with one it asks a name server of the guest's name, and waits 10 s for an answer.
    private static void TellAddresses()
    {
        using Process daemon = StartDaemon("hv_kvp_daemon");
        Steps.Run("insmod", "/modules/dummy.ko");
        Steps.Run("sh", "-ec", "ip link set dummy0 address 02:15:5d:00:0a:07; ip addr add 192.0.2.7/24 dev dummy0; ip link set dummy0 up; "
            + "ip addr add 2001:db8::7/64 dev dummy0; ip route add default via 192.0.2.1 dev dummy0");
        Ask(DeviceClass.KeyValuePairs, "kvp addresses 02-15-5d-00-0a-07");
        // No interface has this one: the daemon must say so and serve on.
        Ask(DeviceClass.KeyValuePairs, "kvp addresses 02-15-5d-00-0a-08");
        Ask(DeviceClass.KeyValuePairs, "kvp addresses 02:15:5D:00:0A:07");
        EndDaemon(daemon);
        Steps.Run("rmmod", "dummy");
    }

    // A channel without a monitor: each answer is a hypercall that the kernel counts.
    internal static void Ask(DeviceClass device, string question)
    {
        ulong before = Answers();
        Host(question);
        Until(() => Answers() > before, $"no answer to {question}");

        ulong Answers() => Sysfs.FindDevices(device.Name).Single().Channels.Single().Events ?? 0;
    }

    // 6.12's package has none: its kernel leaves file copies to UIO.
    private static void TakeFile()
    {
        const string Folder = "/tmp/from-host/deep";
        if (!File.Exists("/daemons/hv_fcopy_daemon") || !File.Exists("/dev/vmbus/hv_fcopy"))
        {
            Console.WriteLine("skipped: this kernel and its package have no daemon of file copies");
            return;
        }

        using Process daemon = StartDaemon("hv_fcopy_daemon");
        // Into a folder that is to be made.
        Host($"fcopy /file {Folder}/file");
        Until(() => File.Exists($"{Folder}/file") && new FileInfo($"{Folder}/file").Length == 1 << 20, "the file does not come");
        Console.WriteLine($"@fcopy {Steps.Output("sha256sum", $"{Folder}/file").Split(' ')[0]}");
        EndDaemon(daemon);
    }

    private void Echo() => Echo(200, uio =>
    {
        if (!IsLarge)
            return;
        // What the kernel shares is taken from above 4 GiB first: the host was told of such frames in a GPADL.
        ulong frame = Frame(uio.ReceiveBuffer ?? throw new FailedException("there is no buffer"));
        Console.WriteLine($"the first page of the buffer that is shared with the host is frame 0x{frame:x}");
        Require(frame >= 1 << 20, "it lies below 4 GiB");
    });

    private static void Echo(int trips, Action<UioDevice>? look = null)
    {
        using VmBusBinding binding = VmBusBinding.Bind(Sysfs, Monitored, undoOnDispose: true);
        using UioDevice uio = UioDevice.Open(Sysfs, Monitored, Options);
        Report("an echo by monitor", RoundTrips(uio.Primary.Channel, trips));
        look?.Invoke(uio);
    }

    // /proc/self/pagemap: a word for each page of the process, the frame in its low 55 bits, if it is there.
    private static ulong Frame(UioBuffer buffer)
    {
        Volatile.Read(ref buffer.AsSpan()[0]);
        using FileStream pages = File.OpenRead("/proc/self/pagemap");
        pages.Position = buffer.Address / 4096 * 8;
        Span<byte> word = stackalloc byte[8];
        pages.ReadExactly(word);
        ulong page = BitConverter.ToUInt64(word);
        Require(page >> 63 == 1, $"the page that was read is not there: 0x{page:x}");
        return page & ((1ul << 55) - 1);
    }

    private static void ReloadUtilities()
    {
        for (int round = 0; round < 3; round++)
        {
            Steps.Run("rmmod", "hv_utils");
            Require(Utilities().All(device => device.Driver is null), "a device keeps a driver that is gone");
            Steps.Run("insmod", "/modules/hv_utils.ko");
            Until(() => Utilities().All(device => device.Driver is not null), "a device does not get its driver back");
            int beats = Beats();
            Until(() => Beats() > beats, "the heart does not beat again");
        }

        static IEnumerable<SysfsDevice> Utilities() => Sysfs.ListDevices().Where(device => device.ClassId == DeviceClass.Heartbeat.Id || device.ClassId == DeviceClass.Shutdown.Id || device.ClassId == DeviceClass.TimeSync.Id);
    }

    // The kernel's own driver, which closes its channel when it is taken away; what the host has sent meanwhile is in the ring, or finds
    // no channel. Not a device over UIO: of one that is in use the kernel frees the rings, and leaves the channel open.
    private static void RebindUnderTraffic()
    {
        const string Driver = "/sys/bus/vmbus/drivers/hv_utils";
        SysfsDevice device = Sysfs.FindDevices(DeviceClass.TimeSync.Name).Single();
        string name = device.InstanceId!.Value.ToString();
        for (int round = 0; round < 10; round++)
        {
            for (int sample = 0; sample < 5; sample++)
                Host("time");
            File.WriteAllText($"{Driver}/unbind", name);
            Require(Now().Driver is null, "the device keeps its driver");
            for (int sample = 0; sample < 5; sample++)
                Host("time");
            ulong before = Now().Channels.Single().Interrupts ?? 0;
            File.WriteAllText($"{Driver}/bind", name);
            Until(() => Now().Driver == "hv_utils" && Now().Channels.Single().Interrupts > before, "no sample comes to the driver that is back");
        }

        SysfsDevice Now() => Sysfs.FindDevice(device.InstanceId!.Value)!;
    }

    private void OpenMany()
    {
        // Two network buffers and the rings of eight channels, 79 MiB, for each of eight devices.
        if (IsLarge)
            ManyChannels.OpenAll();
        else
            Console.WriteLine("skipped: this guest has not the memory");
    }

    internal static int Beats() => (int)(Sysfs.FindDevices(DeviceClass.Heartbeat.Name).Single().Channels.Single().Interrupts ?? 0);

    // Started, and registered: until then the kernel answers each question of the host with a failure itself. A daemon that has
    // its device open does not sleep before it waits for the first question.
    private static Process StartDaemon(string name)
    {
        string device = $"/dev/vmbus/{name[..name.LastIndexOf('_')]}";
        Until(() => File.Exists(device), $"the driver makes no {device}");
        Process daemon = Process.Start("/daemons/ld-linux-x86-64.so.2", ["--library-path", "/daemons", $"/daemons/{name}", "-n"]);
        Until(() => daemon.HasExited || (Holds(daemon.Id, device) && Sleeps(daemon.Id)), $"{name} does not wait for questions");
        Require(!daemon.HasExited, $"{name} has ended by itself");
        return daemon;

        static bool Holds(int process, string device) =>
            new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Any(descriptor => descriptor.LinkTarget == device);
    }

    // What it has done it has also answered, once it sleeps.
    private static void EndDaemon(Process daemon)
    {
        Until(() => daemon.HasExited || Sleeps(daemon.Id), "the daemon does not wait for questions");
        Require(!daemon.HasExited, "the daemon has ended by itself");
        daemon.Kill();
        daemon.WaitForExit();
    }

    private static bool Sleeps(int process) => File.ReadAllText($"/proc/{process}/stat").Split(") ")[1].StartsWith('S');

    // struct kvp_record: a key of 512 bytes and a value of 2048.
    internal static List<string> Pairs()
    {
        byte[] file = [];
        try
        {
            file = File.Exists(Pool) ? File.ReadAllBytes(Pool) : [];
        }
        catch (EndOfStreamException)
        {
            // The daemon empties its file before it writes it again: none, as a look a moment later has it.
        }

        List<string> pairs = [];
        for (int at = 0; at + 2560 <= file.Length; at += 2560)
            pairs.Add($"{Text(file.AsSpan(at, 512))}={Text(file.AsSpan(at + 512, 2048))}");
        return pairs;

        static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes[..Math.Max(0, bytes.IndexOf((byte)0))]);
    }

    private static string Dmesg() => Steps.Output("dmesg");
}
