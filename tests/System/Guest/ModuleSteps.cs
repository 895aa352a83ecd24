using System.Diagnostics;
using System.Text.Json;
using VmBus.Layout;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// The steps with the kernel module vmbus_signal, in a guest of our own host: the command on the kernel's own driver, and our
/// channels over UIO. Echo 0 and echo 3 have a monitor of 5 ms.
/// </summary>
internal sealed class ModuleSteps(string module)
{
    private const double Window = 5.0;
    private const int Trips = 200;

    private static readonly Guid Echo = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e00");
    private static readonly Guid Revoked = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e03");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);
    private static readonly VmBusSysfs Sysfs = new();
    private static readonly VmBusDeviceOptions Options = new() { Trust = PeerTrust.Untrusted, Bind = true };

    public IEnumerable<(string Name, Action Step)> All =>
    [
        ("vmbus: without the module", Without),
        ("vmbus: the flag of a kernel's driver", Switch),
        ("vmbus: the flag until exit", UntilExit),
        ("vmbus: a channel over UIO, by monitor and by call", SignalOverUio),
        ("vmbus: the window, measured", MeasureWindow),
        ("vmbus: an urgent message", Urgent),
        ("vmbus: adaptive", Adaptive),
        ("vmbus: the module comes and goes", ComeAndGo),
        ("vmbus: rescinded in the midst of calls", Rescind),
    ];

    private void Without()
    {
        Require(!KernelChannel.IsAvailable(), "the module is loaded already");
        string said = Steps.Output("/bin/vmbus", "low-latency");
        Console.Write(said);
        Require(said.Contains("modprobe vmbus_signal", StringComparison.Ordinal), "it does not say how to get the switch");
        Steps.Run("sh", "-c", "/bin/vmbus low-latency heartbeat; test $? = 1");
        using VmBusDevice device = Open(Echo);
        device.Channel.SignalMode = SignalMode.LowLatency;
        Require(device.Channel.EffectiveSignal == EffectiveSignal.MonitoredShortHint, $"without the module it signals by {device.Channel.EffectiveSignal}");
    }

    // The heartbeat's driver answers each beat with one signal: by hypercall they are counted by the kernel, by monitor not.
    private void Switch()
    {
        Steps.Run("insmod", module);
        Steps.Run("/bin/vmbus", "low-latency");
        RequireStill("before");
        RequireCounted(byMonitor: true);
        Console.WriteLine("@host status");
        Steps.Run("/bin/vmbus", "low-latency", "heartbeat");
        SysfsChannel set = Heartbeat();
        Until(() => Heartbeat().Events >= set.Events + 2 && Heartbeat().Interrupts >= set.Interrupts + 2, "no hypercall follows the flag");
        string told = Steps.Output("/bin/vmbus", "low-latency");
        Console.Write(told);
        Require(told.Contains("on, kept", StringComparison.Ordinal), "the flag is not shown");
        RequireCounted(byMonitor: false);
        Console.WriteLine("@host status");
        Steps.Run("sh", "-c", "/bin/vmbus list -vv | grep 'low latency: by hypercall'");
        Steps.Run("sh", "-c", "/bin/vmbus top --once | grep low-lat");
        Steps.Run("sh", "-c", "/bin/vmbus doctor | grep -A 1 'yes .*vmbus_signal'");
        Steps.Run("/bin/vmbus", "low-latency", "--all-of", "hv_utils", "--off");
        RequireStill("after");
    }

    private static void UntilExit()
    {
        using Process holder = Process.Start("/bin/vmbus", ["low-latency", "heartbeat", "--until-exit"]);
        Until(() => State().IsLowLatency, "the flag is not set");
        Steps.Run("kill", "-TERM", $"{holder.Id}");
        holder.WaitForExit();
        Require(holder.ExitCode == 143, $"it ended with {holder.ExitCode}");
        Require(!State().IsLowLatency, "the flag stays set");

        // Killed, it can say nothing: the kernel takes its request back.
        using Process killed = Process.Start("/bin/vmbus", ["low-latency", "heartbeat", "--until-exit"]);
        Until(() => State().IsLowLatency, "the flag is not set");
        killed.Kill();
        killed.WaitForExit();
        Require(!State().IsLowLatency, "the flag of a killed process stays set");
    }

    private static void SignalOverUio()
    {
        using VmBusDevice device = Open(Echo);
        VmBusChannel channel = device.Channel;
        Require(channel.EffectiveSignal == EffectiveSignal.Monitored, $"the channel signals by {channel.EffectiveSignal}");
        double monitored = Report("by monitor, window 5 ms", RoundTrips(channel, Trips));
        channel.SignalMode = SignalMode.LowLatency;
        Require(channel.EffectiveSignal == EffectiveSignal.Hypercall, $"low latency signals by {channel.EffectiveSignal}");
        double called = Report("low latency, by the module's call", RoundTrips(channel, Trips));
        SignalStatistics signals = channel.GetStatistics().Signals;
        Console.WriteLine(signals);
        Console.WriteLine($"@ratio a round trip over UIO: {monitored:0.00} ms by monitor, {called:0.00} ms by call: {monitored / called:0.0} times");
        Require(signals.Hypercalls >= Trips && signals.Failed == 0, "not every signal was a call");
        Require(monitored > 0.4 * Window, "no window is seen");
        Require(channel.LatencyHint == TimeSpan.FromMilliseconds(Window), "the hint was changed");
    }

    // What is measured is the window that was asked for, and what a late machine adds.
    private static void MeasureWindow()
    {
        string json = Steps.Output("/bin/vmbus", "monitor", "--measure", Echo.ToString(), "--bind", "--hints", "1ms,2ms,5ms", "--samples", "100", "--json");
        Console.Write(json);
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement measured = document.RootElement.GetProperty("measured");
        foreach (JsonElement cell in measured.GetProperty("hints").EnumerateArray())
        {
            double asked = cell.GetProperty("hint_us").GetDouble() * 1000;
            double window = cell.GetProperty("window").GetProperty("p50_ns").GetDouble(), wait = cell.GetProperty("wait").GetProperty("p50_ns").GetDouble();
            Console.WriteLine($"@ratio a window of {asked / 1e6} ms asked for: {window / 1e6:0.00} ms measured, {window / asked:0.00} times; a message waits {wait / 1e6:0.00} ms, {wait / asked:0.00} of it");
            // A busy machine is late, never early.
            Require(cell.GetProperty("window").GetProperty("max_ns").GetDouble() >= 0.9 * asked, "the window is shorter than the one asked for");
            Require(cell.GetProperty("window").GetProperty("count").GetInt64() == 100 && cell.GetProperty("not_taken").GetInt32() == 0, "bits were not taken");
        }

        Console.WriteLine($"@ratio the call: {measured.GetProperty("hypercall").GetProperty("p50_ns").GetDouble() / 1e6:0.000} ms");
        Require(measured.GetProperty("hypercall").GetProperty("count").GetInt64() == 100, "not every call was made");
        Steps.Run("/bin/vmbus", "monitor", "--measure", Echo.ToString(), "--bind", "--hints", "1ms,5ms", "--samples", "20");
    }

    // Data waits for the examination; an urgent message behind it has the host look at once, and takes the data with it.
    private static void Urgent()
    {
        const int Rounds = 100;
        using VmBusDevice device = Open(Echo);
        VmBusChannel channel = device.Channel;
        double[] data = new double[Rounds], urgent = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            data[round] = Answered(channel, Urgency.Normal);
            urgent[round] = Answered(channel, Urgency.Urgent);
        }

        double waited = Report("data alone", data), took = Report("data and an urgent message", urgent);
        Console.WriteLine(channel.GetStatistics().Signals);
        Console.WriteLine($"@ratio data alone {waited:0.00} ms, with an urgent message behind it {took:0.00} ms: {waited / took:0.0} times");
        Require(channel.GetStatistics().Signals.Promoted >= Rounds / 2, "deferred signals were not promoted");

        static double Answered(VmBusChannel channel, Urgency last)
        {
            long start = Stopwatch.GetTimestamp();
            Require(channel.TrySend([1, 2, 3, 4]) && channel.TrySend([5, 6, 7, 8], last), "an empty ring has no room");
            for (int left = 2; left > 0;)
            {
                Require(channel.WaitToRead(Patience), "no answer");
                using ChannelReadBatch batch = channel.ReadBatch();
                while (batch.TryNext(out _))
                    left--;
                batch.Commit();
            }

            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    // A dialogue is called for. What a stream whose packets come back is given is told: here the host has mostly answered all of it
    // when a signal is due, so few packets are in flight then. No packet may be lost, and a dialogue is called for again.
    private static void Adaptive()
    {
        const int MostInFlight = 1000;
        // A call takes over a millisecond in the nested machine: the window in which a batch is to build up is the monitor's.
        using VmBusDevice device = VmBusDevice.OpenAsync(Echo, Options with { Adaptive = new() { Window = TimeSpan.FromMilliseconds(Window) } }).GetAwaiter().GetResult();
        VmBusChannel channel = device.Channel;
        channel.SignalMode = SignalMode.Adaptive;
        Require(channel.EffectiveSignal == EffectiveSignal.Monitored, "it does not begin with the monitor");
        RoundTrips(channel, 50);
        Require(channel.EffectiveSignal == EffectiveSignal.Hypercall, "a dialogue is not called for");
        double dialogue = Report("adaptive, a dialogue", RoundTrips(channel, Trips));
        Console.WriteLine($"@ratio a dialogue, adaptive: {dialogue:0.00} ms");
        Console.WriteLine(channel.GetStatistics().Signals);

        long sent = 0, answered = 0;
        Task reader = Task.Factory.StartNew(() =>
        {
            while (channel.WaitToRead(Timeout.InfiniteTimeSpan))
            {
                using ChannelReadBatch batch = channel.ReadBatch();
                long read = 0;
                while (batch.TryNext(out _))
                    read++;
                batch.Commit();
                Interlocked.Add(ref answered, read);
            }
        }, default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        SignalStatistics before = channel.GetStatistics().Signals;
        for (long end = Stopwatch.GetTimestamp() + 3 * Stopwatch.Frequency; Stopwatch.GetTimestamp() < end;)
        {
            if (sent - Volatile.Read(ref answered) >= MostInFlight || !channel.TrySend([1, 2, 3, 4]))
                Thread.Yield();
            else
                sent++;
        }

        SignalStatistics after = channel.GetStatistics().Signals;
        Console.WriteLine($"@ratio a stream with answers, adaptive: {sent} packets with {after.Monitored - before.Monitored} signals by monitor and {after.Hypercalls - before.Hypercalls} by call; then {channel.EffectiveSignal}");
        Console.WriteLine(after);
        Until(() => Volatile.Read(ref answered) == sent, "answers are lost");

        // One at a time again, read by the other thread.
        Until(() =>
        {
            Require(channel.TrySend([1, 2, 3, 4]), "an empty ring has no room");
            sent++;
            Until(() => Volatile.Read(ref answered) == sent, "no answer");
            return channel.EffectiveSignal == EffectiveSignal.Hypercall;
        }, "a dialogue after the stream is not called for");
        channel.Dispose();
        reader.GetAwaiter().GetResult();
    }

    private void ComeAndGo()
    {
        using (VmBusDevice device = Open(Echo))
        {
            device.Channel.SignalMode = SignalMode.LowLatency;
            Require(device.Channel.EffectiveSignal == EffectiveSignal.Hypercall, "the module is not used");
            Steps.Run("sh", "-c", "! rmmod vmbus_signal 2>/dev/null");
        }

        Steps.Run("rmmod", "vmbus_signal");
        using (VmBusDevice device = Open(Echo))
        {
            VmBusChannel channel = device.Channel;
            channel.SignalMode = SignalMode.LowLatency;
            Require(channel.EffectiveSignal == EffectiveSignal.MonitoredShortHint, $"without the module it signals by {channel.EffectiveSignal}");
            RoundTrips(channel, 20);
            Steps.Run("insmod", module);
            channel.SignalMode = SignalMode.LowLatency;
            Require(channel.EffectiveSignal == EffectiveSignal.Hypercall, $"with the module it signals by {channel.EffectiveSignal}");
            RoundTrips(channel, 20);
        }
    }

    private static void Rescind()
    {
        using VmBusDevice device = Open(Revoked);
        VmBusChannel channel = device.Channel;
        channel.SignalMode = SignalMode.LowLatency;
        RoundTrips(channel, 20);
        Console.WriteLine("@host revoke echo3");
        long start = Stopwatch.GetTimestamp();
        long sent = 0;
        while (channel.State == ChannelState.Open)
        {
            Require(Stopwatch.GetElapsedTime(start) < Patience, "the device is not rescinded");
            if (channel.TrySend([1, 2, 3, 4]))
                sent++;
            if (!channel.WaitToRead(TimeSpan.FromMilliseconds(1)))
                continue;
            using ChannelReadBatch batch = channel.ReadBatch();
            while (batch.TryNext(out _))
            {
            }

            batch.Commit();
        }

        Console.WriteLine($"{sent} sent; {channel.State}: {channel.DisconnectReason}; {channel.GetStatistics().Signals}");
        Require(!channel.TrySend([1]), "it sends to a host that is gone");
        device.Dispose();
        Console.WriteLine("@host offer echo=3,monitor=5ms");
        Until(() => Sysfs.FindDevice(Revoked) is not null, "it is not offered again");
    }

    // Both kinds beside each other, by the kernel's tracepoint.
    private static void RequireCounted(bool byMonitor)
    {
        string json = Steps.Output("/bin/vmbus", "low-latency", "--seconds", "9", "--json");
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement counted = document.RootElement.GetProperty("channels").EnumerateArray().Single(channel => channel.GetProperty("class_name").GetString() == DeviceClass.Heartbeat.Name).GetProperty("counted");
        (long monitored, long called) = (counted.GetProperty("by_monitor").GetInt64(), counted.GetProperty("by_hypercall").GetInt64());
        Console.WriteLine($"in 9 s: {monitored} signals by monitor, {called} by hypercall");
        Require(byMonitor ? monitored >= 2 && called == 0 : monitored == 0 && called >= 2, "the heartbeat's signals are of the other kind");
    }

    private static VmBusDevice Open(Guid instance) => VmBusDevice.OpenAsync(instance, Options).GetAwaiter().GetResult();

    private static KernelChannelState State()
    {
        using KernelChannel channel = KernelChannel.Open(HeartbeatDevice().InstanceId!.Value);
        return channel.GetState();
    }

    private static SysfsDevice HeartbeatDevice() => Sysfs.FindDevices(DeviceClass.Heartbeat.Name).Single();

    private static SysfsChannel Heartbeat() => HeartbeatDevice().Channels.Single();

    // Two more beats, and no hypercall.
    private static void RequireStill(string when)
    {
        SysfsChannel then = Heartbeat();
        Until(() => Heartbeat().Interrupts >= then.Interrupts + 3, "the heart does not beat");
        Require(Heartbeat().Events == then.Events, $"hypercalls {when} the flag: {Heartbeat().Events - then.Events}");
    }
}
