using System.Diagnostics;
using System.Text.Json;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.SystemTest;

/// <summary>The steps of the test, in order; a later one stands on what the ones before left.</summary>
internal sealed class Steps(bool recording)
{
    private const string Bus = "/sys/bus/vmbus";
    private const uint RefusedVersion = 3 << 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);
    private static readonly VmBusSysfs Sysfs = new();
    private static readonly VmBusDeviceOptions Options = new() { Trust = PeerTrust.Untrusted };

    private Guid _device;

    public IEnumerable<(string Name, Action Step)> All =>
    [
        ("modules", LoadModules),
        ("devices", PrintDevices),
        ("bind to UIO", Bind),
        ("balloon: version and capabilities", Talk),
        ("round trips, one at a time", () => RoundTrips(10_000, depth: 1)),
        ("round trips, 32 at a time", () => RoundTrips(20_000, depth: 32)),
        ("vmbus list", List),
        ("vmbus top and vmbus monitor", TopAndMonitor),
        ("calls of mshv, to a stand-in", MshvCalls.Run),
        ("hv_utils, which is offered nothing", UnofferedServices.RequireNothing),
        ("unbind and rebind", Rebind),
        ("vmbus bind and unbind", BindByCommand),
        ("killed in the middle, and again", Kill),
        ("what the host asks by itself", Serve),
        ("taken away while it waits", TakeAway),
    ];

    private static void LoadModules()
    {
        foreach (string module in new[] { "hv_vmbus", "uio", "uio_hv_generic" })
            Run("insmod", $"/modules/{module}.ko");
        Run("sh", "-c", "dmesg | grep -iE 'hypervisor detected|vmbus|hv_'");
    }

    private void PrintDevices()
    {
        string[] devices = Directory.GetFileSystemEntries(Bus + "/devices");
        foreach (string device in devices)
        {
            Console.WriteLine($"{Path.GetFileName(device)} -> {new FileInfo(device).LinkTarget}");
            foreach (string file in Directory.GetFiles(device).Order(StringComparer.Ordinal))
                Console.WriteLine($"  {Path.GetFileName(file)}: {Text(file)}");
        }

        SysfsDevice balloon = Sysfs.ListDevices().Single();
        Require(balloon.Class == DeviceClass.DynamicMemory, "the device's class is another");
        Require(balloon is { Vendor: 0x1414, Device: 0xf, MonitorId: null, Driver: null, UioName: null }, "the device is described otherwise");
        _device = balloon.InstanceId!.Value;
        Record("unbound");
    }

    private void Bind()
    {
        VmBusBinding.BindClass(Sysfs, DeviceClass.DynamicMemory.Id);
        Console.WriteLine($"{_device} is {BoundUio()}");
        Record("bound");
        using UioDevice uio = Open();
        foreach (UioMap map in uio.Maps)
            Console.WriteLine($"  {map}");
        Record("open");
        UioMap rings = uio.Maps.Single(map => map.Name == "txrx_rings");
        Require(Channel().RingBytes == rings.Size, $"sysfs's rings have {Channel().RingBytes} bytes, the map {rings.Size}");
        Require(uio.Primary.Channel.Outgoing.DataSize == rings.Size / 2 - RingMemory.PageSize, "the rings are of another size");
    }

    private void Talk()
    {
        using (UioDevice uio = Open())
        {
            var balloon = new Balloon(uio.Primary.Channel);
            Require(!balloon.Negotiate(7, RefusedVersion), "a version nobody has was accepted");
            Require(balloon.Negotiate(8, Balloon.Version2016), "version 2.0 was refused");
            ulong flags = balloon.ReportCapabilities(9);
            Console.WriteLine($"version 2.0 accepted, capabilities answered with flags 0x{flags:x}");
            Require((flags & 1) == 1, "the capabilities were refused");
            Record("talked");

            // What sysfs says of the rings is what went through them.
            ChannelStatistics passed = uio.Primary.Channel.GetStatistics();
            SysfsDevice seen = Device();
            Console.WriteLine($"{seen.Outgoing}, {seen.Incoming}, {Channel()}");
            Require(seen.Outgoing == new SysfsRing(0, (uint)passed.Outgoing.Bytes, (uint)passed.Outgoing.Bytes, 0, (uint)uio.Primary.Channel.Outgoing.DataSize), "sysfs's outgoing ring is not ours");
            Require(seen.Incoming is { BytesToRead: 0 } && seen.Incoming.ReadIndex == passed.Incoming.Bytes, "sysfs's incoming ring is not ours");
            Require(Channel().Events == (ulong)uio.GetStatistics().Signals, $"the kernel counts {Channel().Events} signals, we {uio.GetStatistics().Signals}");
        }
    }

    // A refused version leaves the host where it was, so that it can be asked any number of times.
    private void RoundTrips(int count, int depth)
    {
        using UioDevice uio = Open();
        var balloon = new Balloon(uio.Primary.Channel);
        long[] sent = new long[depth];
        double[] took = new double[count];
        byte[] request = new byte[Balloon.VersionRequestLength];
        long start = Stopwatch.GetTimestamp();
        for (int done = 0; done < count;)
        {
            int batch = Math.Min(depth, count - done);
            using (ChannelWriteBatch writes = uio.Primary.Channel.BeginBatch())
            {
                for (int i = 0; i < batch; i++)
                {
                    uint transaction = (uint)(done + i);
                    Balloon.Request(request, transaction, RefusedVersion + transaction);
                    Require(writes.TryAdd(request, transaction), "an empty ring has no room");
                    sent[i] = Stopwatch.GetTimestamp();
                }
                writes.Commit();
            }
            for (int i = 0; i < batch; i++)
            {
                Require(!balloon.Accepted((uint)(done + i)), $"version {RefusedVersion + done + i:x} was accepted");
                took[done + i] = Stopwatch.GetElapsedTime(sent[i]).TotalMilliseconds;
            }
            done += batch;
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Array.Sort(took);
        Console.WriteLine($"{count} round trips, {depth} at a time, every answer checked: {seconds:0.0} s, {count / seconds:0} a second");
        Console.WriteLine($"latency in ms: least {took[0]:0.00}, median {At(0.5):0.00}, 90 % {At(0.9):0.00}, 99 % {At(0.99):0.00}, most {took[^1]:0.00}");
        for ((int from, double below) = (0, 0.5); from < count && count >= 1000; below *= 2)
        {
            int to = Array.FindIndex(took, one => one >= below) is >= 0 and var end ? end : count;
            Console.WriteLine($"  below {below,5:0.0} ms {to - from,6} {new string('#', (to - from) * 50 / count)}");
            from = to;
        }
        Console.WriteLine(uio.GetStatistics());

        double At(double part) => took[(int)(part * (count - 1))];
    }

    private void List()
    {
        Run("/bin/vmbus", "list", "-vv");
        Run("/bin/vmbus", "list", "--tree");
        long start = Stopwatch.GetTimestamp();
        string json = Output("/bin/vmbus", "list", "--json");
        Console.WriteLine($"vmbus list --json wrote {json.Length} characters in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s");
        foreach (string part in new[] { _device.ToString(), DeviceClass.DynamicMemory.Id.ToString(), "\"balloon\"", "\"uio_hv_generic\"", $"\"{BoundUio()}\"" })
            Require(json.Contains(part, StringComparison.Ordinal), $"vmbus list --json says nothing of {part}: {json}");
    }

    private void TopAndMonitor()
    {
        using UioDevice uio = Open();
        var balloon = new Balloon(uio.Primary.Channel);
        Require(!balloon.Negotiate(1, RefusedVersion), "a version nobody has was accepted");
        Run("/bin/vmbus", "top", "--once");
        long start = Stopwatch.GetTimestamp();
        string json = Output("/bin/vmbus", "top", "--once", "--json");
        Console.WriteLine($"vmbus top --once --json wrote {json.Length} characters in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s");
        SysfsDevice device = Device();
        SysfsChannel channel = Channel();
        JsonElement row = OnlyChannel(json), totals = row.GetProperty("totals"), outgoing = row.GetProperty("outgoing");
        Require(row.GetProperty("relid").GetUInt32() == channel.Relid && row.GetProperty("vp").GetUInt32() == channel.VpIndex, $"top shows another channel: {row}");
        Require(row.GetProperty("class_name").GetString() == "balloon" && row.GetProperty("driver").GetString() == device.Driver && row.GetProperty("uio").GetString() == device.UioName, $"top shows another device: {row}");
        Require(row.GetProperty("signal").GetString() == "hypercall" && row.GetProperty("monitor_id").ValueKind == JsonValueKind.Null && row.GetProperty("latency_us").ValueKind == JsonValueKind.Null, $"top shows a monitor: {row}");
        Require(totals.GetProperty("interrupts").GetUInt64() == channel.Interrupts && totals.GetProperty("events").GetUInt64() == channel.Events, $"top counts otherwise than sysfs, {channel}: {totals}");
        Require(outgoing.GetProperty("used_bytes").GetInt64() == 0 && outgoing.GetProperty("size_bytes").GetInt64() == uio.Primary.Channel.Outgoing.DataSize, $"top shows another ring: {outgoing}");

        // Rates, while there is traffic.
        Task<string> second = Task.Run(() => Output("/bin/vmbus", "top", "--once", "--json", "--count", "2", "--interval", "500ms"));
        uint trips = 2;
        while (!second.IsCompleted)
            Require(!balloon.Negotiate(trips, RefusedVersion + trips++), "a version nobody has was accepted");
        JsonElement rates = OnlyChannel(second.Result).GetProperty("rates");
        Console.WriteLine($"{trips} round trips meanwhile; top saw {rates}");
        Require(rates.GetProperty("interrupts").GetDouble() > 0 && rates.GetProperty("events").GetDouble() > 0, "top saw no traffic");

        // Through a device in use, which must go on.
        Run("/bin/vmbus", "monitor", "--uio", $"/dev/{BoundUio()}");
        JsonElement seen = OnlyChannel(Output("/bin/vmbus", "monitor", "--json"));
        Require(seen.GetProperty("relid").GetUInt32() == channel.Relid && seen.GetProperty("to_host").ValueKind == JsonValueKind.Null, $"monitor shows a monitor: {seen}");
        using (JsonDocument mapped = JsonDocument.Parse(Output("/bin/vmbus", "monitor", "--device", _device.ToString(), "--all", "--json")))
        {
            JsonElement page = mapped.RootElement.GetProperty("page");
            MonitorPageView own = uio.MonitorPage!.Value;
            Require(page.GetProperty("trigger_state").GetUInt32() == own.TriggerState && page.GetProperty("monitors").GetArrayLength() == MonitorPage.MonitorCount, $"monitor shows another page: {page}");
        }
        Run("sh", "-c", $"/bin/vmbus monitor --device {_device} --set-latency 50us; test $? = 1");
        Require(!balloon.Negotiate(trips, RefusedVersion), "a version nobody has was accepted");

        static JsonElement OnlyChannel(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty("channels").EnumerateArray().Single().Clone();
        }
    }

    // By the device's instance this time, once so that it is undone and once to stay.
    private void Rebind()
    {
        VmBusBinding.Unbind(Sysfs, _device, probe: false);
        RequireUnbound();
        using (VmBusBinding.Bind(Sysfs, _device, undoOnDispose: true))
            RoundTrips(100, 1);
        RequireUnbound();
        VmBusBinding.Bind(Sysfs, _device);
        RoundTrips(100, 1);
    }

    // The same by the commands; and what is open is not taken away, whether by a descriptor or a mapping.
    private void BindByCommand()
    {
        using (Process holder = StartHolder("wait"))
        {
            string refused = Command(1, "unbind", "balloon");
            Require(refused.Contains($"process {holder.Id} (", StringComparison.Ordinal), "it does not say who has the device");
            Require(Device().UioName is not null, "the device was taken all the same");
            holder.Kill();
            Require(holder.WaitForExit(Patience), "the killed process does not end");
        }

        Command(0, "unbind", "balloon");
        RequireUnbound();
        Command(1, "bind", "balloon", "--driver", "hv_netvsc");
        RequireUnbound();
        Process giver = Process.Start(new ProcessStartInfo("/bin/vmbus", ["bind", _device.ToString(), "--until-exit"]) { RedirectStandardError = true })!;
        Require(giver.StandardError.ReadLine()?.Contains("gives back", StringComparison.Ordinal) == true, "it does not say that it waits");
        RoundTrips(100, 1);
        Run("sh", "-c", $"kill -TERM {giver.Id}");
        Require(giver.WaitForExit(Patience) && giver.ExitCode == 143, "it does not end as SIGTERM asks");
        RequireUnbound();
        string bound = Command(0, "bind", $"vmbus:{Device().Relid}");
        Require(bound.Contains(BoundUio(), StringComparison.Ordinal), "it does not say which device node");
        Require(Command(0, "bind", "balloon").Contains("already", StringComparison.Ordinal), "it does not say that it was bound");
        Require(Command(1, "fcopy").Contains("no file copy device", StringComparison.Ordinal), "it serves file copies without a device");
        RoundTrips(100, 1);
    }

    private static string Command(int exitCode, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("/bin/vmbus", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string said = (process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd()).Trim();
        process.WaitForExit();
        Console.WriteLine($"vmbus {string.Join(' ', arguments)}: {said}");
        Require(process.ExitCode == exitCode, $"it ended with {process.ExitCode}");
        return said;
    }

    private void RequireUnbound() => Require(Device() is { Driver: null, DriverOverride: null, UioName: null }, $"the device is not free: {Device()}");

    private void Kill()
    {
        using Process holder = StartHolder("talk");
        holder.Kill();
        Require(holder.WaitForExit(Patience), "the killed process does not end");
        Console.WriteLine($"killed: {holder.ExitCode}");
        RoundTrips(100, 1);
    }

    // The device goes while another process sleeps in a wait: it must wake and say so. QEMU cannot rescind an offer ("Bus
    // 'vmbus' does not support hotplugging"), so the driver is taken from the device, which ends a wait in the same way.
    private void TakeAway()
    {
        using Process holder = StartHolder("wait");
        Task<string> said = holder.StandardOutput.ReadToEndAsync();
        Thread.Sleep(100);      // the longer it sleeps the likelier the other is in its wait; either way it must notice
        VmBusBinding.Unbind(Sysfs, _device, probe: false);
        Require(holder.WaitForExit(Patience), "the waiting process does not notice");
        Console.WriteLine($"it said: {said.Result.Trim()}; exit {holder.ExitCode}");
        Require(holder.ExitCode == 3, "the waiting process ended otherwise than by the device's removal");

        // Linux 6.12 does not close the channel of a driver that goes while somebody has the device open (uio_release no
        // longer knows the driver), so it cannot be opened again: said here, not required, and the reason to come last.
        VmBusBinding.Bind(Sysfs, _device);
        try
        {
            RoundTrips(100, 1);
        }
        catch (LinuxGuestException error)
        {
            Console.WriteLine($"bound again, it cannot be opened: {error.Message}");
        }
    }

    // The host asks for memory 50 s after the capabilities, not before. Until then the guest reports its state, and the
    // host says what it understood.
    private void Serve()
    {
        const ulong Memory = 512ul << 20, Target = 256ul << 20, PageSize = 4096;
        using var host = new HostMonitor();
        using UioDevice uio = Open();
        var balloon = new Balloon(uio.Primary.Channel);
        Require(balloon.Negotiate(1, Balloon.Version2016), "version 2.0 was refused");
        Require(balloon.ReportCapabilities(2) == 3, "the host does not want status reports");
        host.Execute($"\"balloon\",\"arguments\":{{\"value\":{Target}}}");

        uint reports = 0;
        long asked = -1;
        for (long start = Stopwatch.GetTimestamp(); asked < 0; reports++)
        {
            Require(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(500), "the host asked for nothing in 500 s");
            ulong available = 1000 + reports, committed = 70_000 + 3 * reports;
            balloon.ReportStatus(3 + reports, available, committed);
            asked = balloon.AwaitRequest(0, TimeSpan.FromSeconds(2));
            string understood = host.Execute("\"query-hv-balloon-status-report\"");
            Require(HostMonitor.Number(understood, "available") == available * PageSize, $"{available} pages available: {understood}");
            Require(HostMonitor.Number(understood, "committed") == committed * PageSize, $"{committed} pages committed: {understood}");
        }
        Console.WriteLine($"{reports} status reports, each understood by the host; then it asked for {asked} pages");
        Require((ulong)asked == (Memory - Target) / PageSize, $"{(Memory - Target) / PageSize} pages were to be asked for");
        balloon.Refuse(0);

        for (uint transaction = 1; transaction < 20; transaction++)
        {
            ulong target = Target + transaction * (1 << 20);
            host.Execute($"\"balloon\",\"arguments\":{{\"value\":{target}}}");
            asked = balloon.AwaitRequest(transaction, Patience);
            Require((ulong)asked == (Memory - target) / PageSize, $"request {transaction} asks for {asked} pages");
            balloon.Refuse(transaction);
        }
        Require(HostMonitor.Number(host.Execute("\"query-balloon\""), "actual") == Memory, "the host thinks it was given memory");
        Console.WriteLine("19 more requests, each for the right number of pages, each refused");
    }

    /// <summary>The other process: round trips until it is killed, or ten and then a wait for what never comes.</summary>
    public static int Hold(string what, Guid instance)
    {
        using UioDevice uio = UioDevice.Open(Sysfs, instance, Options);
        var balloon = new Balloon(uio.Primary.Channel);
        for (uint i = 0; i < 10 || what == "talk"; i++)
        {
            balloon.Negotiate(i, RefusedVersion);
            if (i == 9)
                Console.WriteLine("holding");
        }
        if (uio.Primary.Channel.WaitToRead(Patience))
            return 4;
        if (uio.Primary.Channel.DisconnectReason is not { } reason)
            return 5;
        Console.WriteLine(reason);
        return 3;
    }

    private Process StartHolder(string what)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["hold", what, _device.ToString()]) { RedirectStandardOutput = true };
        Process process = Process.Start(start)!;
        string? line = process.StandardOutput.ReadLine();
        Require(line == "holding", $"the other process said {line}");
        return process;
    }

    /// <summary>What a step may not leave behind: mappings, and descriptors of the device or of its waits.</summary>
    public static void RequireNothingLeft()
    {
        string[] open = [.. Directory.GetFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? "")
            .Where(target => target.Contains("uio", StringComparison.Ordinal) || target.Contains("eventfd", StringComparison.Ordinal))];
        Require(MappedMemory.LiveCount == 0, $"{MappedMemory.LiveCount} mappings are left");
        Require(open.Length == 0, $"{string.Join(", ", open)} are left open");
    }

    public static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Require(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    public static string Output(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Require(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
        return output;
    }

    private string BoundUio() => Device().UioName ?? throw new FailedException("the device has no UIO device");

    private SysfsDevice Device() => Sysfs.FindDevice(_device) ?? throw new FailedException("the device is gone from sysfs");

    private SysfsChannel Channel() => Device().Channels.Single();

    private UioDevice Open() => UioDevice.Open(Sysfs, _device, Options);

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd().ReplaceLineEndings(" / ");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"({error.GetType().Name})";
        }
    }

    private void Record(string name)
    {
        if (!recording)
            return;
        foreach (string line in Tree.OfVmBus().Lines)
            Console.WriteLine($"@record {name} {line}");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new FailedException(otherwise);
    }
}
