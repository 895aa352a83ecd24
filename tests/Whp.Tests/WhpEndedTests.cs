using VmBus.Backends.Tests.HostileUsers;
using VmBus.Devices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.Whp.Tests;

/// <summary>
/// A guest of the Windows Hypervisor Platform and what comes from it, by users who do it wrong: used after their end and beside it,
/// ended twice and by two threads, started twice, waits given up. The platform's own partition is always deleted.
/// </summary>
public sealed class WhpEndedTests
{
    private const int Rounds = 20;

    private static readonly MessageTarget Target = new(0, 2);

    internal static Dictionary<string, Func<WhpPartition, EndedCase>> Cases { get; } = new(StringComparer.Ordinal)
    {
        ["WhpPartition"] = partition => Uses(new EndedCase(partition), partition),
        ["WhpPartition: started"] = partition =>
        {
            partition.Start();
            return Uses(new EndedCase(partition), partition);
        },
        ["WhpPartition: stopped"] = partition =>
        {
            partition.Start();
            partition.Stop();
            return Uses(new EndedCase(partition), partition);
        },
        ["its event flag"] = Flag,
        ["its connection"] = Connection,
        ["its watch of message slots"] = partition => Given(partition, partition.WatchMessageSlots(() => { })),
    };

    // Without a trigger a flag is a number, and has no end.
    public static TheoryData<string> Rows => [.. Cases.Keys.Where(row => !Standin.IsOld || row != "its event flag")];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task After_its_end_it_does_what_it_is_documented_to(string row)
    {
        var made = new Made(row);
        await EndedTrials.TryAsync(made.MakeAsync);
        made.AssertDeleted();
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_use_beside_its_end_ends_as_documented(string row)
    {
        var dice = new Random(7);
        for (int round = 0; round < Rounds; round++)
        {
            var made = new Made(row);
            await EndedTrials.RaceAsync(made.MakeAsync, isSave: false, round, dice);
            made.AssertDeleted();
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Two_ends_at_the_same_moment_are_one(string row)
    {
        for (int round = 0; round < Rounds; round++)
        {
            var made = new Made(row);
            await EndedTrials.EndTwiceAtOnceAsync(made.MakeAsync);
            made.AssertDeleted();
        }
    }

    [Fact]
    public void Every_public_method_of_the_partition_is_used()
    {
        foreach (string row in Cases.Keys.Where(row => row.StartsWith("WhpPartition", StringComparison.Ordinal)))
        {
            using var partition = new WhpPartition(Options);
            Assert.Empty(EndedTrials.MethodsOf(typeof(WhpPartition)).Except(Cases[row](partition).Uses.Select(use => use.Name)));
        }
    }

    [Fact]
    public void It_starts_once()
    {
        using var rig = new WhpRig();
        Assert.Throws<InvalidOperationException>(rig.Partition.Start);
        Assert.Equal(2, rig.Calls("WHvCreateVirtualProcessor").Count());
    }

    [Fact]
    public void Two_that_start_it_at_once_start_it_once()
    {
        for (int round = 0; round < Rounds; round++)
        {
            using var partition = new WhpPartition(Options);
            int refused = 0;
            using var both = new Barrier(2);
            Background first = Background.Run(Start), second = Background.Run(Start);
            first.Join();
            second.Join();
            Assert.Equal(1, refused);

            void Start()
            {
                both.SignalAndWait();
                if (Record.Exception(partition.Start) is InvalidOperationException)
                    Interlocked.Increment(ref refused);
            }
        }
    }

    [Fact]
    public void A_watch_that_is_begun_beside_the_end_of_its_dispatcher_runs_no_thread_on()
    {
        var dispatcher = new HandleDispatcher();
        dispatcher.Dispose();
        using var signal = new EventWaitHandle(false, EventResetMode.AutoReset);
        Assert.Throws<ObjectDisposedException>(() => dispatcher.Add(signal, () => { }));
        dispatcher.Dispose();
    }

    // Each is given up while it waits for what does not come; nothing of it is left when the partition has gone.
    [Fact]
    public async Task Waits_that_are_given_up_leave_nothing()
    {
        using var rig = new WhpRig();
        await GivenUpAsync(token => rig.Partition.Ended.WaitAsync(token));

        await using HostBus host = rig.Partition.CreateHost();
        OfferedChannel offered = await host.OfferAsync(EchoDevice.Offer(null), new EchoDevice());
        await using (GuestBus bus = await GuestBus.ConnectAsync(rig.Guest, cancellationToken: WhpRig.Token))
        {
            await GivenUpAsync(token => bus.WaitForOfferAsync(Guid.NewGuid(), Guid.NewGuid(), cancellationToken: token));
            await using GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(WhpRig.Token)), cancellationToken: WhpRig.Token);
            await GivenUpAsync(token => channel.Channel.WaitToReadAsync(token).AsTask());
            using var cancelled = new CancellationTokenSource();
            Background waiter = Background.Run(() => Assert.ThrowsAny<OperationCanceledException>(() => channel.Channel.WaitToRead(Timeout.InfiniteTimeSpan, cancelled.Token)));
            await cancelled.CancelAsync();
            waiter.Join();

            // It goes on.
            var traffic = new VmBus.Backends.Tests.Bus.EchoTraffic(64);
            await traffic.RunAsync(channel.Channel, 20, CancellationToken.None).WaitAsync(Patience.Limit, WhpRig.Token);
        }

        await offered.DisposeAsync();

        static async Task GivenUpAsync(Func<CancellationToken, Task> wait)
        {
            using var enough = new CancellationTokenSource();
            Task waiting = wait(enough.Token);
            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Limit, WhpRig.Token));
        }
    }

    private static WhpPartitionOptions Options => new() { MemorySize = 1 << 20, VpCount = 2 };

    private static EndedCase Uses(EndedCase made, WhpPartition partition) => made.EndedBy(partition.Dispose)
        .Throws("CreateHost", () => partition.CreateHost().DisposeAsync().AsTask())
        .Throws("RestoreHost", () => partition.RestoreHost([]).DisposeAsync().AsTask())
        .Throws("Start", partition.Start)
        .Answers("Stop", partition.Stop)
        .Answers("GetSignals", () => partition.GetSignals(1))
        .Throws("ConnectEvents", () => partition.ConnectEvents(0x2000, () => { }).Dispose())
        .Throws("PostMessage", () => partition.PostMessage(Target, new byte[8]))
        .Throws("TryCreateEventFlag", () => partition.TryCreateEventFlag(Target, 7)!.Dispose())
        .Throws("Memory", () => partition.Memory.TryRead(0, new byte[8]));

    private static EndedCase Flag(WhpPartition partition)
    {
        IEventFlag flag = partition.TryCreateEventFlag(Target, 5)!;
        return new EndedCase(flag).EndedBy(flag.Dispose).EndedBy(partition.Dispose)
            .Throws("Signal", () => flag.Signal())
            .Throws("Retarget", () => flag.Retarget(1));
    }

    private static EndedCase Connection(WhpPartition partition) => Given(partition, partition.ConnectEvents(0x2001, () => { }));

    private static EndedCase Given(WhpPartition partition, IDisposable given) =>
        new EndedCase(given).EndedBy(given.Dispose).EndedBy(partition.Dispose).Answers("GetSignals", () => partition.GetSignals(0x2001));

    // A case that gives its partition back, and looks whether the platform has anything of it left.
    private sealed class Made(string row)
    {
        private nint _vm;

        public Task<EndedCase> MakeAsync()
        {
            var partition = new WhpPartition(Options);
            _vm = partition.Vm.DangerousGetHandle();
            EndedCase made = Cases[row](partition);
            made.After(partition.Dispose);
            if (made.Subject is IDisposable given)
                made.After(given.Dispose);
            return Task.FromResult(made);
        }

        public void AssertDeleted() => Assert.Equal(0u, Standin.Left(_vm));
    }
}
