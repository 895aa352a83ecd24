using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>The other code a bus is given: what makes socket channels, what watches its messages, what it tells failures.</summary>
public sealed class HostileCallbackTests
{
    private static readonly Guid Service = new("00000400-facb-11e6-bd58-64006a7986d3");
    private static readonly Guid Endpoint = new("3f0a1c52-6d1e-4a7c-9a0f-1d2c3b4a5e60");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_socket_request_whose_handler_throws_is_refused_and_the_author_gets_the_exception(bool later)
    {
        var thrown = new IOException("No such service.");
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions
        {
            TransportConnect = later ? async (_, _) =>
            {
                await Task.Yield();
                throw thrown;
            }
            : (_, _) => throw thrown,
        });
        PostConnect(fixture);
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, await ResultAsync(fixture));
        DeviceFailedEventArgs failed = fixture.NextFailure();
        Assert.Equal((DeviceOperation.TransportConnect, null), (failed.Operation, failed.Channel));
        Assert.Same(thrown, failed.Exception);
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_handler_that_is_set_once_there_is_a_bus_takes_the_place_of_the_one_before()
    {
        var thrown = new IOException("No such service.");
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { TransportConnect = (_, _) => throw new InvalidDataException("This one was replaced.") });
        Assert.NotNull(fixture.Host.TransportConnect);
        fixture.Host.TransportConnect = (_, _) => throw thrown;
        PostConnect(fixture);
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, await ResultAsync(fixture));
        Assert.Same(thrown, fixture.NextFailure().Exception);
        fixture.Host.TransportConnect = null;
        PostConnect(fixture);
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, await ResultAsync(fixture));
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_socket_request_whose_handler_never_answers_is_refused_when_its_time_is_over_and_holds_up_nobody()
    {
        var never = new TaskCompletionSource<bool>();
        CancellationToken told = default;
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions
        {
            DeviceAnswerTimeout = TimeSpan.FromSeconds(3),
            TransportConnect = (_, token) =>
            {
                told = token;
                return new(never.Task);
            },
        });
        PostConnect(fixture);
        Background.Until(() => told.CanBeCanceled, "the request");
        await fixture.Guest.CloseAsync(await fixture.OpenAsync());
        fixture.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, await ResultAsync(fixture));
        Assert.Contains("did not answer within 3 s", Assert.IsType<DeviceFaultException>(fixture.NextFailure().Exception).Message, StringComparison.Ordinal);
        Background.Until(() => told.IsCancellationRequested, "the token");
        never.SetResult(true);
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_socket_request_may_wait_for_the_offer_it_makes()
    {
        HostBus? host = null;
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions
        {
            TransportConnect = async (request, _) =>
            {
                await host!.OfferAsync(new HostOffer(request.Service, request.Endpoint) { Flags = OfferFlags.TlnpiProviderOffer }, new Bus.EchoDevice());
                return true;
            },
        });
        host = fixture.Host;
        PostConnect(fixture);
        OfferChannel offer = await Soon(fixture.Guest.NextAsync<OfferChannel>(ChannelMessageType.OfferChannel));
        Assert.Equal((Service, Endpoint), (offer.Offer.InterfaceType, offer.Offer.InterfaceInstance));
        WireChannel channel = await fixture.Guest.ShareRingsAsync(offer);
        Assert.Equal(ChannelMessageStatus.Success, await fixture.Guest.OpenAsync(channel));
        fixture.Guest.Ping(channel);
        await fixture.Guest.CloseAsync(channel);

        // The same once more: the offer is there already, which the handler does not hide.
        PostConnect(fixture);
        Assert.Equal(ChannelMessageStatus.ConnectionRefused, await ResultAsync(fixture));
        Assert.IsType<InvalidOperationException>(fixture.NextFailure().Exception);
        await fixture.AssertUnharmedAsync(relids: 3);
    }

    [Theory]
    [InlineData("unload")]
    [InlineData("reset")]
    [InlineData("dispose")]
    [InlineData("save")]
    public async Task A_socket_request_that_is_waited_for_no_more_is_told_so_and_its_answer_means_nothing(string end)
    {
        var answers = new List<TaskCompletionSource<bool>>();
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions
        {
            TransportConnect = (_, token) =>
            {
                token.Register(() => told.TrySetResult());
                lock (answers)
                {
                    answers.Add(new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
                    return new(answers[^1].Task);
                }
            },
        });
        PostConnect(fixture);
        Background.Until(() => Asked() == 1, "the request");
        byte[]? state = null;
        if (end == "unload")
            await fixture.Guest.UnloadAsync();
        else if (end == "reset")
            await Soon(fixture.Host.ResetAsync());
        else if (end == "dispose")
            await Soon(fixture.Host.DisposeAsync().AsTask());
        else
            state = await Soon(fixture.Machine.SaveHostAsync());
        await Soon(told.Task);
        if (end == "save")
        {
            // It is asked again after the restore.
            HostBus next = fixture.Machine.RestoreHost(state!);
            await next.OfferAsync(PlayedOffer, fixture.Device);
            await next.OfferAsync(SparedOffer, fixture.Spared);
            await next.CompleteRestoreAsync();
            Background.Until(() => Asked() == 2, "the same request");
        }
        else if (end != "dispose")
        {
            // The next connection asks for the very same.
            await fixture.ConnectAsync();
            PostConnect(fixture);
            Background.Until(() => Asked() == 2, "the next request");
        }
        answers[0].SetResult(false);
        if (end != "dispose")
        {
            await fixture.AssertUnharmedAsync();
            Assert.Equal(0, fixture.Guest.Count(ChannelMessageType.TlConnectResult));
            answers[1].SetResult(false);
            Assert.Equal(ChannelMessageStatus.ConnectionRefused, await ResultAsync(fixture));
            Assert.Equal(0, fixture.Guest.Count(ChannelMessageType.TlConnectResult));
        }
        fixture.NothingFailed();

        int Asked()
        {
            lock (answers)
                return answers.Count;
        }
    }

    [Fact]
    public async Task A_socket_request_may_dispose_its_bus()
    {
        HostBus? host = null;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions
        {
            TransportConnect = async (_, _) =>
            {
                await host!.DisposeAsync();
                done.SetResult();
                return true;
            },
        });
        host = fixture.Host;
        PostConnect(fixture);
        await Soon(done.Task);
    }

    [Fact]
    public async Task An_observer_that_throws_is_told_once_and_called_no_more()
    {
        var observer = new ThrowingObserver();
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { Observer = observer });
        DeviceFailedEventArgs failed = fixture.NextFailure();
        Assert.Equal((DeviceOperation.Observe, "The disk is full."), (failed.Operation, failed.Exception.Message));
        await fixture.Guest.CloseAsync(await fixture.OpenAsync());
        Assert.Equal(1, observer.Calls);
        Assert.Equal(1, (await fixture.Host.GetStatisticsAsync()).DeviceFailures);
        await fixture.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_handler_of_failures_that_throws_or_hangs_harms_nobody_and_all_is_counted()
    {
        await using DeviceFixture fixture = await StartAsync();
        using var goOn = new ManualResetEventSlim();
        int handled = 0;
        fixture.Host.DeviceFailed += (_, _) =>
        {
            if (Interlocked.Increment(ref handled) == 1)
                throw new IOException("The log is full.");
            goOn.Wait(Token);
        };
        fixture.Device.Accept = (_, _) => throw new InvalidDataException("no");
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        for (int open = 0; open < 100; open++)
            Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenAsync(channel));
        // A hundred opens, and the handler's own failure; of those that came while it hung, 64 are told.
        Background.Until(() => Statistics().DeviceFailures == 101, "the count");
        Background.Until(() => Volatile.Read(ref handled) == 2, "the handler");
        goOn.Set();
        // The two above, and as many as were kept for it.
        Background.Until(() => Volatile.Read(ref handled) >= 2 + 64, "what was kept");
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync();
        Assert.Equal(2 + 64, Volatile.Read(ref handled));

        HostBusStatistics Statistics() => fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult();
    }

    [Fact]
    public async Task A_failure_is_told_in_order_and_from_outside_the_bus()
    {
        await using DeviceFixture fixture = await StartAsync();
        // A handler may wait for the bus: it is not on its loop.
        var seen = new List<string>();
        fixture.Host.DeviceFailed += (_, failed) =>
        {
            Assert.Equal(2, fixture.Host.GetStatisticsAsync().GetAwaiter().GetResult().Relids);
            lock (seen)
                seen.Add(failed.Exception.Message);
        };
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        string[] expected = [.. Enumerable.Range(0, 30).Select(number => $"failure {number}")];
        foreach (string message in expected)
        {
            fixture.Device.Accept = (_, _) => throw new IOException(message);
            Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenAsync(channel));
        }
        Background.Until(() => Seen().Length == 30, "all failures");
        Assert.Equal(expected, Seen());
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync();

        string[] Seen()
        {
            lock (seen)
                return [.. seen];
        }
    }

    [Fact]
    public async Task A_scheduler_that_runs_nothing_is_a_failure_of_the_device()
    {
        var scheduler = new RefusingScheduler();
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { Scheduler = scheduler });
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        scheduler.Refuses = true;
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenAsync(channel));
        scheduler.Refuses = false;
        Assert.IsType<TaskSchedulerException>(fixture.NextFailure().Exception);
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-2 * TimeSpan.TicksPerMillisecond)]
    public void A_negative_limit_is_no_limit(long ticks)
    {
        using var hypervisor = new Hypervisor();
        Partition host = hypervisor.CreatePartition(1 << 20), guest = hypervisor.CreatePartition(1 << 20);
        var partition = new InMemoryGuestPartition(host, guest);
        Assert.Throws<ArgumentOutOfRangeException>(() => new HostBus(partition, new HostBusOptions { DeviceAnswerTimeout = new TimeSpan(ticks) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HostBus(partition, new HostBusOptions { DeviceCloseTimeout = new TimeSpan(ticks) }));
    }

    private static void PostConnect(DeviceFixture fixture) => fixture.Guest.Post(ChannelMessages.ToBytes(ChannelMessageType.TlConnectRequest,
        new TlConnectRequest2 { Request = new TlConnectRequest { EndpointId = Endpoint, ServiceId = Service } }));

    private static async Task<ChannelMessageStatus> ResultAsync(DeviceFixture fixture) =>
        (await fixture.Guest.NextAsync<TlConnectResult>(ChannelMessageType.TlConnectResult)).Status;

    private sealed class ThrowingObserver : IMessageObserver
    {
        public int Calls { get; private set; }

        public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
        {
            Calls++;
            throw new IOException("The disk is full.");
        }
    }

    private sealed class RefusingScheduler : TaskScheduler
    {
        private volatile bool _refuses;

        public bool Refuses
        {
            get => _refuses;
            set => _refuses = value;
        }

        protected override void QueueTask(Task task)
        {
            if (_refuses)
                throw new InvalidOperationException("This scheduler takes nothing.");
            ThreadPool.QueueUserWorkItem(_ => TryExecuteTask(task));
        }

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
