using VmBus.Backends.Tests.Bus;
using VmBus.Backends.Tests.Hostile;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Fuzz.Hostile;

/// <summary>
/// A host with a hostile guest, and beside it, in the same process, a host with an honest one. The hostile guest has an honest channel
/// of its own, which is served until the guest ends its connection: politely, by a message of any kind, by a reset, or with no word.
/// Then it comes back. After each end nothing of it may be left.
/// </summary>
internal sealed class GuestRun(HostileOptions options, RunReport report)
{
    private const int StepsOfRound = 1500;

    private static readonly HostBusOptions Budgets = new()
    {
        MaxChannels = 64,
        MaxGpadls = 48,
        MaxGpadlPages = 4096,
        MaxRingMappings = 600,
        MaxAbandonedCalls = 8,
        MaxWaitingAnswers = 64,
        MaxTransportConnects = 16,
        DeviceAnswerTimeout = TimeSpan.FromMilliseconds(200),
        DeviceCloseTimeout = TimeSpan.FromMilliseconds(200),
    };

    // Scanning and spinning cost a processor, whatever the guest does.
    private static readonly HypervisorOptions Unhurried = new() { SpinBudget = TimeSpan.Zero, Monitor = new() { MinLatency = TimeSpan.FromMilliseconds(5) } };

    private readonly Pace _pace = new(options.Share);
    private readonly HonestEcho _inside = new("the hostile guest's honest channel");

    public static async Task RunAsync(HostileOptions options, RunReport report)
    {
        await using var honest = new InMemoryMachine(new() { IsThreaded = true, Hypervisor = Unhurried });
        await honest.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        VmBusChannel channel = await honest.OpenAsync(EchoDevice.Offer(1));
        var echo = new HonestEcho("the honest guest's channel");
        report.Watch(echo);
        using var stop = new CancellationTokenSource();
        Task serving = echo.RunAsync(channel, stop.Token);

        await new GuestRun(options, report).RunRoundsAsync();

        await stop.CancelAsync();
        await serving.WaitAsync(options.Patience);
    }

    private async Task RunRoundsAsync()
    {
        var seen = new MessageCounts(report);
        using var sockets = new MoodyDevices.Sockets();
        await using var machine = new InMemoryMachine(new()
        {
            GuestMemorySize = 16 << 20,
            GuestVpCount = 2,
            IsThreaded = true,
            // A ring of scattered pages is mapped only there.
            Hypervisor = Unhurried with { SharedMemory = true },
            Host = Budgets with { Observer = seen, TransportConnect = sockets.ConnectAsync },
        });
        HostBus host = sockets.Host = machine.Host;
        host.DeviceFailed += (_, failed) => report.Count($"devices that failed: {failed.Operation}, {failed.Exception.GetType().Name}");
        report.Budgets = () => Line(host);
        report.Watch(_inside);
        await host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await MoodyDevices.OfferAsync(host);
        int pages = machine.GuestPartition.Memory.AllocatedPages;

        for (int round = 0; !report.IsOver; round++)
        {
            await RunRoundAsync(machine, seen, options.Seed + round);
            report.Count("rounds");
            HostBusStatistics end = await host.GetStatisticsAsync();
            report.FailUnless((end.Monitors, end.Gpadls, end.GpadlPages, end.OpenChannels) == (0, 0, 0, 0), $"round {round} left {end}");
            report.FailUnless(machine.GuestPartition.Memory.AllocatedPages == pages, $"round {round} left pages of the guest");
            report.FailUnless(host.Failure is null, $"the host's bus ended: {host.Failure}");
        }
    }

    private async Task RunRoundAsync(InMemoryMachine machine, MessageCounts seen, int seed)
    {
        var random = new Random(seed);
        Partition guest = machine.GuestPartition;
        GuestBus bus = await machine.ConnectAsync(new GuestBusOptions { Protocol = new GuestProtocolOptions { ResponseTimeout = options.Patience } });
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync();
        GuestOffer mine = offers.Single(offer => offer.InterfaceInstance == EchoDevice.Offer(1).InterfaceInstance);
        VmBusChannel channel = await bus.OpenAsync(mine, new GuestChannelOptions { OutgoingSize = 8192, IncomingSize = 8192 });
        // The hostile half scribbles over the monitor pages of both.
        channel.SignalMode = SignalMode.LowLatency;
        using var stop = new CancellationTokenSource();
        Task serving = _inside.RunAsync(channel, stop.Token);

        (uint, uint)[] others = [.. offers.Where(offer => offer != mine).Select(offer => (offer.Relid, offer.ConnectionId))];
        using (var hostile = new HostileGuest(seed, machine.Platform, guest.Memory, Call, others, mine.Relid, seen.MonitorPages) { Payload = ComponentNoise.Packet })
        using (var gpadls = new LargeGpadls(random, machine.Platform))
        {
            for (int step = 0; step < StepsOfRound && !report.IsOver && !serving.IsCompleted; step++)
            {
                hostile.ReleasesRelids = step > StepsOfRound * 9 / 10;
                hostile.Step();
                if (step % 20 == 0)
                {
                    gpadls.Post(others[random.Next(others.Length)].Item1);
                    report.Count("large GPADLs");
                }

                report.Count("hostile steps");
                // Services end on their own time: without a pause hardly a channel would close, and open again.
                if (step % 5 == 0)
                    await Task.Delay(1);
                if (step % 50 == 0)
                    Require(await machine.Host.GetStatisticsAsync());
                await _pace.KeepAsync();
                report.Check();
            }

            await stop.CancelAsync();
            await serving.WaitAsync(options.Patience);
            await EndAsync(machine, bus, random);
        }

        ulong Call(ulong control, ulong input)
        {
            HypercallStatus status = guest.Hypercall(new HypercallControl(control), input);
            report.Count($"hypercalls: {status}");
            return (ulong)status;
        }
    }

    // However a guest goes. What it had is given back before the next is let in.
    private async Task EndAsync(InMemoryMachine machine, GuestBus bus, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                report.Count("ends: polite");
                await bus.DisposeAsync();
                break;
            case 1:
                report.Count("ends: UNLOAD behind the driver's back");
                machine.Platform.PostMessage(MessageConnection.Contact, ChannelMessages.ToBytes(ChannelMessageType.Unload));
                break;
            case 2:
                report.Count("ends: a contact again, of any version");
                var contact = new InitiateContact { VersionRequested = ProtocolVersion.Known[random.Next(ProtocolVersion.Known.Count)], TargetVp = (uint)random.Next(4) };
                machine.Platform.PostMessage(MessageConnection.Contact, ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact2 { Contact = contact }));
                break;
            default:
                report.Count("ends: no word");
                break;
        }

        if (!bus.Completion.IsCompleted)
            await bus.AbandonAsync(CancellationToken.None);
        await machine.Host.ResetAsync();
    }

    private void Require(HostBusStatistics now) => report.FailUnless(
        now.Gpadls <= Budgets.MaxGpadls && now.GpadlPages <= Budgets.MaxGpadlPages && now.RingMappings + now.RetiredRingMappings <= Budgets.MaxRingMappings
            && now.Relids <= Budgets.MaxChannels && now.AbandonedCalls <= Budgets.MaxAbandonedCalls + Budgets.MaxTransportConnects,
        $"a budget does not hold: {now}");

    private static string Line(HostBus host)
    {
        HostBusStatistics now = host.GetStatisticsAsync().GetAwaiter().GetResult();
        return $"GPADLs {now.Gpadls}/{Budgets.MaxGpadls} of {now.GpadlPages}/{Budgets.MaxGpadlPages} pages, ring mappings {now.RingMappings}+{now.RetiredRingMappings}/{Budgets.MaxRingMappings}, "
            + $"relids {now.Relids}/{Budgets.MaxChannels}, abandoned calls {now.AbandonedCalls}/{Budgets.MaxAbandonedCalls}, open {now.OpenChannels}, "
            + $"faults {now.Faults}, refusals {now.Refusals}, device failures {now.DeviceFailures}, posts delayed {now.PostsDelayed}, given up {now.MessagesGivenUp}";
    }
}
