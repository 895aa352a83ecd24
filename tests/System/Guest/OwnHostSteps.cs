using System.Buffers.Binary;
using System.Diagnostics;
using VmBus.Devices;
using VmBus.Integration;
using VmBus.Layout;
using VmBus.Linux;
using VmBus.Pipes;

namespace VmBus.SystemTest;

/// <summary>
/// The steps in a guest of our own host: the kernel's own drivers on its offers, and our guest code on its echoes. What
/// the host is to do is written to the console, behind <c>@host</c>; whoever started the host reads it there.
/// </summary>
internal sealed class OwnHostSteps(string[] words)
{
    private const int PayloadLength = 64;

    private static readonly Guid EchoClass = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e01");
    private static readonly Guid Monitored = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e02");
    private static readonly Guid Called = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e00");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);
    private static readonly VmBusSysfs Sysfs = new();
    private static readonly VmBusDeviceOptions Options = new() { Trust = PeerTrust.Untrusted };

    private double _calledMedian;

    /// <summary>Everything, or what is needed to be there when the guest ends in some way.</summary>
    public IEnumerable<(string Name, Action Step)> All => words.Contains("full") ? Full : Full[..3];

    private (string Name, Action Step)[] Full =>
    [
        ("modules", LoadModules),
        ("devices", RequireDevices),
        ("integration components", RequireComponents),
        ("key-value pairs", ExchangePairs),
        ("a guest tool: the sample", RunGuestTool),
        ("bind the echoes to UIO", Bind),
        ("several VPs", ProcessorSteps.RequireAll),
        ("an echo by hypercall", EchoCalled),
        ("an echo by monitor", EchoMonitored),
        ("a pipe to processes beside the host", Pipe),
        ("a channel that moves to another VP", () => ProcessorSteps.Move(Called, Options)),
        ("a VP that is turned off and on", () => ProcessorSteps.TurnOff(Called, Options)),
        ("a subchannel", Subchannel),
        ("a device that stalls", Stall),
        ("rescinded, and offered again", Revoke),
        ("a file of 64 MiB", TakeFile),
    ];

    private static void LoadModules()
    {
        foreach (string module in new[] { "hv_vmbus", "uio", "uio_hv_generic", "hv_utils" })
            Steps.Run("insmod", $"/modules/{module}.ko");
        Until(() => Dmesg().Contains("Vmbus version:", StringComparison.Ordinal), "hv_vmbus does not connect");
        Steps.Run("sh", "-c", "dmesg | grep -iE 'hypervisor detected|vmbus|hv_'");
        // The newest that this kernel knows: ours knows 6.0.
        Require(Dmesg().Contains("Vmbus version:5.3", StringComparison.Ordinal), "it is not the newest version that both know");
    }

    private static void RequireDevices()
    {
        Guid[] classes =
        [
            DeviceClass.Heartbeat.Id, DeviceClass.TimeSync.Id, DeviceClass.Shutdown.Id, DeviceClass.KeyValuePairs.Id, DeviceClass.FileCopy.Id, EchoClass, EchoClass,
            PipeDevice.InterfaceType,
        ];
        Until(() => Sysfs.ListDevices().Count == classes.Length, "not every offer became a device");
        Steps.Run("/bin/vmbus", "list", "--tree");
        Require(Sysfs.ListDevices().Select(device => device.ClassId!.Value).Order().SequenceEqual(classes.Order()), "other classes than were offered");
        Require(Device(Monitored).MonitorId is not null, "the monitored echo has no monitor");
        Require(Device(Called).MonitorId is null, "the other echo has one");
    }

    private static void RequireComponents()
    {
        foreach (string line in new[] { "Heartbeat IC version 3.0", "TimeSync IC version", "Shutdown IC version 3.2" })
            Until(() => Dmesg().Contains(line, StringComparison.Ordinal), $"hv_utils does not say '{line}'");
    }

    private static void ExchangePairs()
    {
        var store = new KvpStore();
        using KvpDaemon daemon = KvpDaemon.Open(store);
        using var ending = new CancellationTokenSource();
        Task serving = daemon.RunAsync(ending.Token);
        Host("kvp set colour green");
        Until(() => store.TryGet(IcKvpPool.External, "colour", out KvpValue value) && value.ToString() == "green", "the pair does not come");
        Host("kvp get colour");
        Host("kvp delete colour");
        Until(() => !store.TryGet(IcKvpPool.External, "colour", out _), "the pair does not go");
        Host("kvp get colour");
        Until(() => daemon.GetStatistics().Requests >= 4, "the last request does not come");
        Console.WriteLine($"{daemon.DriverVersion}; {daemon.GetStatistics()}");
        ending.Cancel();
        Require(((IAsyncResult)serving).AsyncWaitHandle.WaitOne(Patience), "the daemon does not end");
    }

    // The program a user writes first: it takes the device, speaks, and gives it back.
    private static void RunGuestTool()
    {
        string sent = Convert.ToHexString("hello, host"u8);
        string said = Steps.Output("/bin/GuestTool", Monitored.ToString(), "--bind");
        Console.Write(said);
        Require(said.Contains($"signals are: {EffectiveSignal.MonitoredShortHint}", StringComparison.Ordinal), "the tool does not say how it signals");
        Require(said.Contains($"16 bytes: {sent}", StringComparison.Ordinal), "the echo did not come back to the tool");
        SysfsDevice given = Device(Monitored);
        Require(given is { Driver: null, DriverOverride: null, UioName: null }, $"the device was not given back: {given.Driver}, {given.DriverOverride}");
    }

    private static void Bind()
    {
        VmBusBinding.BindClass(Sysfs, EchoClass);
        Until(() => Device(Monitored).UioName is not null && Device(Called).UioName is not null, "an echo has no UIO device");
    }

    private void EchoCalled()
    {
        using UioDevice uio = UioDevice.Open(Sysfs, Called, Options);
        double[] took = RoundTrips(uio.Primary.Channel, 2000);
        _calledMedian = Report("by hypercall", took);
        Console.WriteLine(uio.GetStatistics());
        Console.WriteLine($"@signals {uio.GetStatistics().Signals}");
    }

    // The window is 5 ms, far more than a call takes here: it must be seen, and a shorter hint must shorten it.
    private void EchoMonitored()
    {
        const double Window = 5.0;
        using UioDevice uio = UioDevice.Open(Sysfs, Monitored, Options);
        VmBusChannel channel = uio.Primary.Channel;
        Require(channel.Signaler.EffectiveMode == EffectiveSignal.Monitored, $"the channel signals by {channel.Signaler.EffectiveMode}");
        MonitorPageView page = uio.MonitorPage!.Value;
        int monitor = uio.Primary.MonitorId!.Value;
        Console.WriteLine($"monitor {monitor}, latency {page.Latency(monitor) / 10.0} us, connection {page.Parameter(monitor).ConnectionId}");
        Require(page.Latency(monitor) == Window * 10_000, "the latency is not the one offered");
        // However busy the machine: a message that follows an examination waits for the next one.
        double monitored = Report("by monitor, window 5 ms", RoundTrips(channel, 300));
        Require(monitored > 0.4 * Window, $"no window is seen: {monitored:0.00} ms at the median, {_calledMedian:0.00} ms by hypercall");
        Require(Cadence(page, monitor) % (int)(Window * 10_000) == 0, "the page is not looked at every 5 ms");

        // What a guest writes there while the channel is open is honoured.
        page.Latency(monitor) = 10_000;
        Report("by monitor, hint 1 ms", RoundTrips(channel, 300));
        int cadence = Cadence(page, monitor);
        Console.WriteLine($"examined every {cadence / 10_000.0} ms");
        Require(cadence % 10_000 == 0 && cadence < Window * 10_000, $"the shorter hint is not honoured: examined every {cadence} units of 100 ns");
        page.Latency(monitor) = (ushort)(Window * 10_000);

        // No figure is wanted of this one: where all levels share a processor, looking without a pause keeps the guest from it.
        channel.SignalMode = SignalMode.LowLatency;
        Console.WriteLine($"low latency: {channel.Signaler.EffectiveMode}, hint {page.Latency(monitor) / 10.0} us");
        Require(channel.Signaler.EffectiveMode == EffectiveSignal.MonitoredShortHint, "low latency is not a shorter hint");
        Report("by monitor, low latency", RoundTrips(channel, 300));
        channel.SignalMode = SignalMode.Monitored;
        Console.WriteLine(channel.GetStatistics());
        Console.WriteLine($"@monitored {channel.GetStatistics().Signals.Monitored}");
    }

    // With a monitor: to this kernel a write to the UIO device is a signal of the primary channel alone.
    private static void Subchannel()
    {
        using (UioDevice uio = UioDevice.Open(Sysfs, Called, Options))
        {
            RoundTrips(uio.Primary.Channel, 10);
            Host("offer echo=0,subchannel=1,monitor=5ms");
            Until(() => Offered() is { RingBytes: not null }, "the subchannel has no rings");
            SysfsChannel found = Offered()!;
            Console.WriteLine($"subchannel {found.SubchannelIndex} is channel {found.Relid}, VP {found.VpIndex}, monitor {found.MonitorId}, rings of {found.RingBytes} bytes");
            UioChannel subchannel = uio.AddSubchannel(found.Relid);
            Require(subchannel.Channel.Signaler.EffectiveMode == EffectiveSignal.Monitored, $"the subchannel signals by {subchannel.Channel.Signaler.EffectiveMode}");
            for (int round = 0; round < 10; round++)
            {
                RoundTrips(subchannel.Channel, 20);
                RoundTrips(uio.Primary.Channel, 20);
            }
            Console.WriteLine(subchannel.Channel.GetStatistics());
            Console.WriteLine(uio.GetStatistics());
            Host("status");
        }
        Host("revoke echo0.1");
        Until(() => Offered() is null, "the subchannel does not go");

        static SysfsChannel? Offered() => Device(Called).Channels.FirstOrDefault(channel => channel.SubchannelIndex == 1);
    }

    // The host writes down when it will look again: the differences are whole intervals, however late it is.
    private static int Cadence(MonitorPageView page, int monitor)
    {
        const int Settling = 3, Enough = 40;
        int common = 0, last = page.NextCheckTime(monitor);
        for (int changes = 0; changes < Settling + Enough;)
        {
            Thread.Sleep(1);
            int now = Volatile.Read(ref page.NextCheckTime(monitor));
            if (now == last)
                continue;
            if (changes++ >= Settling)
                common = Divisor(common, now - last);
            last = now;
        }
        return common;

        static int Divisor(int a, int b) => b == 0 ? Math.Abs(a) : Divisor(b, a % b);
    }

    private static void Stall()
    {
        using UioDevice uio = UioDevice.Open(Sysfs, Called, Options);
        VmBusChannel channel = uio.Primary.Channel;
        Host("stall echo0");
        byte[] payload = new byte[4 << 10];
        uint sent = 0, answers = 0;
        // The console is slow: what is sent before the host has read it there is answered still.
        do
            Require(channel.TrySend(payload, sent++), "an empty ring has no room");
        while (channel.WaitToRead(TimeSpan.FromMilliseconds(500)) && TryTakeAnswer());
        // What the host has taken before it stalled makes room for as much again.
        while (channel.TrySend(payload, sent) || channel.WaitToWrite(payload.Length, TimeSpan.FromMilliseconds(500)))
            sent++;
        Console.WriteLine($"{sent - answers} packets of {payload.Length} bytes until the ring of {channel.Outgoing.DataSize} bytes was full");
        Require((sent - answers) * payload.Length > channel.Outgoing.DataSize * 3 / 4 && sent < 10_000, "the ring was full too soon, or never");
        Host("status");
        Host("resume echo0");
        while (answers < sent)
            Require(TryTakeAnswer() || channel.WaitToRead(Patience), $"{sent - answers} answers are missing");

        // By a batch, which signals a host that waits for room.
        bool TryTakeAnswer()
        {
            using ChannelReadBatch batch = channel.ReadBatch();
            if (!batch.TryNext(out RingPacket packet))
                return false;
            Require(packet.Payload.Length == payload.Length && packet.TransactionId == answers,
                $"answer {packet.TransactionId} of {packet.Payload.Length} bytes came as number {answers}");
            answers++;
            batch.Commit();
            return true;
        }
    }

    private static void Revoke()
    {
        using (UioDevice uio = UioDevice.Open(Sysfs, Called, Options))
        {
            RoundTrips(uio.Primary.Channel, 10);
            Host("revoke echo0");
            Require(!uio.Primary.Channel.WaitToRead(Patience) && uio.Primary.Channel.DisconnectReason is not null,
                "a wait does not end when the offer is taken back");
            Console.WriteLine(uio.Primary.Channel.DisconnectReason);
        }
        Until(() => Sysfs.FindDevice(Called) is null, "the device does not go");
        Host("offer echo=0");
        Until(() => Sysfs.FindDevice(Called)?.UioName is not null, "the device does not come back");
        using UioDevice again = UioDevice.Open(Sysfs, Called, Options);
        Report("offered again", RoundTrips(again.Primary.Channel, 200));
    }

    // Two clients, one after the other, within one open: the first while both sides send, the second is sent back what it sends.
    private static void Pipe()
    {
        const int Length = 4 << 20;
        const string Sent = "/tmp/pipe-sent", Got = "/tmp/pipe-got";
        VmBusBinding.BindClass(Sysfs, PipeDevice.InterfaceType);
        Until(() => Device(PipeDevice.InterfaceInstance).UioName is not null, "the pipe has no UIO device");
        using UioDevice uio = UioDevice.Open(Sysfs, PipeDevice.InterfaceInstance, Options);
        using var pipe = new PipeStream(uio.Primary.Channel, leaveOpen: true) { ReadTimeout = (int)Patience.TotalMilliseconds, WriteTimeout = (int)Patience.TotalMilliseconds };
        byte[] sent = new byte[Length], got = new byte[Length];
        Random.Shared.NextBytes(sent);
        Task writing = Task.Run(() => pipe.Write(sent));
        pipe.ReadExactly(got);
        writing.GetAwaiter().GetResult();
        Require(pipe.ReadByte() == 1, "the first client has not got everything");
        File.WriteAllBytes(Sent, sent);
        File.WriteAllBytes(Got, got);
        // By busybox, as below.
        Console.WriteLine($"@pipe sent {Steps.Output("sha256sum", Sent).Split(' ')[0]}, got {Steps.Output("sha256sum", Got).Split(' ')[0]}");

        pipe.ReadExactly(got);
        pipe.Write(got);
        Require(pipe.ReadByte() == 1, "the second client has not got everything");
        Console.WriteLine(uio.GetStatistics());
    }

    private static void TakeFile()
    {
        const string Root = "/tmp/from-host", AtOnce = $"{Root}/l2.cpio", Asked = $"{Root}/deep/down/big";
        Directory.CreateDirectory(Root);
        // What the host offered with the device comes first, then what it is asked for.
        Take(() => { });
        Console.WriteLine($"@took at once {Digest(AtOnce)}");
        File.Delete(AtOnce);
        Take(() => Host("fcopy /big deep/down/big"));
        Console.WriteLine(string.Join(", ", Directory.GetFileSystemEntries(Root, "*", SearchOption.AllDirectories)));
        Console.WriteLine($"@took {Digest(Asked)} of {new FileInfo(Asked).Length} bytes");

        static void Take(Action ask)
        {
            using Process taking = Process.Start("/bin/vmbus", ["fcopy", "--bind", "--root", Root, "--once"]);
            ask();
            Require(taking.WaitForExit(TimeSpan.FromSeconds(500)), "the file does not come");
            Require(taking.ExitCode == 0, $"vmbus fcopy ended with {taking.ExitCode}");
        }

        // By busybox: this program's own SHA-256 is OpenSSL's, which is not here.
        static string Digest(string file) => Steps.Output("sha256sum", file).Split(' ')[0];
    }

    // One at a time, every byte checked.
    internal static double[] RoundTrips(VmBusChannel channel, int count)
    {
        double[] took = new double[count];
        byte[] sent = new byte[PayloadLength], got = new byte[PayloadLength];
        for (int trip = 0; trip < count; trip++)
        {
            Random.Shared.NextBytes(sent);
            BinaryPrimitives.WriteInt32LittleEndian(sent, trip);
            long start = Stopwatch.GetTimestamp();
            Require(channel.TrySend(sent, (ulong)trip), "an empty ring has no room");
            int length;
            ulong transaction;
            while (!channel.Incoming.TryRead(got, out length, out transaction, out _))
                Require(channel.WaitToRead(Patience), $"no answer to packet {trip}");
            took[trip] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Require(length == sent.Length && transaction == (ulong)trip && got.AsSpan().SequenceEqual(sent), $"packet {trip} came back as another");
        }
        return took;
    }

    internal static double Report(string what, double[] took)
    {
        Array.Sort(took);
        Console.WriteLine($"{what}: {took.Length} round trips, ms: least {took[0]:0.00}, median {At(0.5):0.00}, 90 % {At(0.9):0.00}, 99 % {At(0.99):0.00}, most {took[^1]:0.00}");
        for ((int from, double below) = (0, 0.5); from < took.Length; below *= 2)
        {
            int to = Array.FindIndex(took, one => one >= below) is >= 0 and var end ? end : took.Length;
            Console.WriteLine($"  below {below,5:0.0} ms {to - from,6} {new string('#', (to - from) * 50 / took.Length)}");
            from = to;
        }
        return At(0.5);

        double At(double part) => took[(int)(part * (took.Length - 1))];
    }

    internal static void Host(string command) => Console.WriteLine($"@host {command}");

    private static SysfsDevice Device(Guid instance) => Sysfs.FindDevice(instance) ?? throw new FailedException($"there is no device {instance}");

    private static string Dmesg() => Steps.Output("dmesg");

    internal static void Until(Func<bool> condition, string otherwise)
    {
        for (long start = Stopwatch.GetTimestamp(); !condition(); Thread.Sleep(50))
            Require(Stopwatch.GetElapsedTime(start) < Patience, otherwise);
    }

    internal static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new FailedException(otherwise);
    }
}
