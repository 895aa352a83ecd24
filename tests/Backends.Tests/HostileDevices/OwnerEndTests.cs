using System.Collections.Concurrent;
using System.Runtime.Versioning;
using VmBus.Backends.Tests.Bus;
using VmBus.Backends.Tests.Shared;
using VmBus.Devices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Integration;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>Code that a machine runs ends the machine, from wherever it is called. The end is whole, and nothing is left.</summary>
[SupportedOSPlatform("linux")]
public sealed class OwnerEndTests
{
    public static TheoryData<string> Places =>
    [
        "accept", "service", "close of a service", "socket request", "failure", "host's observer", "guest's observer", "pipe", "use of a component", "completion of a channel",
    ];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Whatever_a_machine_calls_may_end_it(string place)
    {
        OpenResources before = OpenResources.Count();
        await EndFromAsync(place);
        before.AssertUnchanged();
    }

    private static async Task EndFromAsync(string place)
    {
        InMemoryMachine? machine = null;
        var ended = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        var hostObserver = new CallingObserver();
        var guestObserver = new CallingObserver();
        machine = new InMemoryMachine(new()
        {
            Hypervisor = new() { SharedMemory = true },
            Host = new HostBusOptions
            {
                Observer = hostObserver,
                TransportConnect = async (_, _) =>
                {
                    await EndAsync();
                    return true;
                },
            },
        });
        VmBus.Hosting.GuestMemory memory = machine.GuestPartition.Memory;
        machine.Host.DeviceFailed += (_, _) => EndAsync().Wait(Patience.Limit);
        HostOffer offer = place == "pipe" ? PipeDevice.Offer() : place == "use of a component" ? ShutdownHost.Offer : PlayedOffer;
        var component = new IntegrationDevice<ShutdownHost>(static () => new ShutdownHost());
        IChannelDevice device = place switch
        {
            "pipe" => new PipeDevice((_, _) => EndAsync()),
            "use of a component" => component,
            _ => new ScriptedDevice
            {
                Accept = async (_, _) =>
                {
                    if (place == "failure")
                        throw new InvalidTimeZoneException("Nobody expects this.");
                    if (place == "accept")
                        await EndAsync();
                    return true;
                },
                Serve = async (_, closing) =>
                {
                    if (place == "service")
                        await EndAsync();
                    await Task.Delay(Timeout.Infinite, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (place == "close of a service")
                        await EndAsync();
                },
            },
        };
        OfferedChannel offered = await machine.Host.OfferAsync(offer, device);
        GuestBus bus = await machine.ConnectAsync(new GuestBusOptions { Observer = guestObserver }, Token);
        Task<VmBusChannel> opening = OpenAsync(bus);
        switch (place)
        {
            case "socket request":
                await Record.ExceptionAsync(() => bus.ConnectTransportAsync(Guid.NewGuid(), Guid.NewGuid(), cancellationToken: Token));
                break;
            case "host's observer":
                await opening;
                hostObserver.Call = () => ended.TrySetResult(machine.DisposeAsync().AsTask());
                await offered.RevokeAsync();
                break;
            case "guest's observer":
                await opening;
                guestObserver.Call = () => ended.TrySetResult(machine.DisposeAsync().AsTask());
                await offered.RevokeAsync();
                break;
            case "use of a component":
                await opening;
                await component.UseAsync(_ => EndAsync().ContinueWith(static _ => true, TaskScheduler.Default), Token);
                break;
            case "completion of a channel":
                VmBusChannel channel = await opening;
                _ = channel.Completion.ContinueWith(_ => EndAsync().Wait(Patience.Limit), Token, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                await offered.RevokeAsync();
                break;
            case "close of a service":
                await (await opening).CloseAsync(Token);
                break;
        }

        // The machine may be gone in the midst of the open.
        Exception? refused = await Record.ExceptionAsync(() => opening.WaitAsync(Patience.Limit, Token));
        Assert.True(refused is null or GuestBusException or ObjectDisposedException or OperationCanceledException, refused?.ToString());
        await Soon(await Soon(ended.Task));
        await Soon(machine.DisposeAsync().AsTask());
        await Soon(machine.Host.DisposeAsync().AsTask());
        Assert.Null(machine.Host.Failure);
        Assert.Equal((0, 0), ((await machine.Host.GetStatisticsAsync()).OpenChannels, (await machine.Host.GetStatisticsAsync()).LostServices));
        Background.Until(() => memory.MappedRings == 0, "the rings to be unmapped");
        await Assert.ThrowsAsync<ObjectDisposedException>(() => machine.ConnectAsync(cancellationToken: Token));

        Task EndAsync()
        {
            Task end = machine!.DisposeAsync().AsTask();
            ended.TrySetResult(end);
            return end;
        }

        async Task<VmBusChannel> OpenAsync(GuestBus guest)
        {
            GuestOffer wanted = await guest.WaitForOfferAsync(offer.InterfaceType, offer.InterfaceInstance, cancellationToken: Token);
            return await guest.OpenAsync(wanted, cancellationToken: Token);
        }
    }

    [Theory]
    [InlineData("throws at once")]
    [InlineData("throws later")]
    public async Task A_pipe_whose_user_throws_is_lost_to_its_guest_and_the_author_gets_the_exception(string how)
    {
        await using var fixture = new BusFixture();
        var thrown = new InvalidTimeZoneException("Nobody expects this.");
        var told = new TaskCompletionSource<DeviceFailedEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Host.DeviceFailed += (_, failed) => told.TrySetResult(failed);
        await fixture.Host.OfferAsync(PipeDevice.Offer(), new PipeDevice(how == "throws at once" ? (_, _) => throw thrown : async (_, _) =>
        {
            await Task.Yield();
            throw thrown;
        }));
        await using GuestBus bus = await fixture.ConnectAsync();
        VmBusChannel channel = await bus.OpenAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        Assert.Same(thrown, (await Soon(told.Task)).Exception);
        await Soon(channel.Completion);
        Assert.Equal(ChannelState.Disconnected, channel.State);
        await channel.CloseAsync(Token);
    }

    [Fact]
    public async Task An_observer_may_call_its_bus_without_waiting_for_it()
    {
        HostBus? host = null;
        GuestBus? guest = null;
        var asked = new ConcurrentQueue<Task>();
        var ofHost = new CallingObserver { Call = () => asked.Enqueue(host?.GetStatisticsAsync() ?? Task.CompletedTask) };
        var ofGuest = new CallingObserver { Call = () => asked.Enqueue(guest?.GetOffersAsync(Token) ?? Task.CompletedTask) };
        await using var fixture = new BusFixture(new() { Host = new HostBusOptions { Observer = ofHost } });
        host = fixture.Host;
        await host.OfferAsync(Bus.EchoDevice.Offer(1), new Bus.EchoDevice());
        await using (GuestBus bus = await fixture.Machine.ConnectAsync(BusFixture.Patient with { Observer = ofGuest }, Token))
        {
            guest = bus;
            GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
            await BusFixture.PingAsync(channel.Channel, 3);
            await channel.CloseAsync(Token);
            // What it asks from now on may meet the end.
            ofGuest.Call = null;
        }

        Assert.True(asked.Count > 10);
        await Soon(Task.WhenAll(asked));
    }

    [Fact]
    public async Task A_scheduler_that_never_runs_what_it_takes_is_a_device_that_does_not_answer()
    {
        var scheduler = new IdleScheduler();
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { Scheduler = scheduler });
        WireChannel channel = await fixture.Guest.ShareRingsAsync(fixture.Played);
        scheduler.IsIdle = true;
        fixture.Guest.PostOpen(channel);
        Background.Until(() => scheduler.Kept > 0, "the question");
        fixture.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await fixture.Guest.OpenResultAsync());
        scheduler.RunAll();
        await fixture.Guest.TearDownAsync(channel);
        await fixture.AssertUnharmedAsync();
    }

    private sealed class CallingObserver : IMessageObserver
    {
        private Action? _call;

        public Action? Call
        {
            get => Volatile.Read(ref _call);
            set => Volatile.Write(ref _call, value);
        }

        public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault) => Call?.Invoke();
    }

    private sealed class IdleScheduler : TaskScheduler
    {
        private readonly Lock _lock = new();
        private readonly List<Task> _kept = [];
        private bool _isIdle;

        public bool IsIdle
        {
            set
            {
                lock (_lock)
                    _isIdle = value;
            }
        }

        public int Kept
        {
            get
            {
                lock (_lock)
                    return _kept.Count;
            }
        }

        public void RunAll()
        {
            Task[] all;
            lock (_lock)
            {
                _isIdle = false;
                all = [.. _kept];
            }

            foreach (Task task in all)
                TryExecuteTask(task);
        }

        protected override void QueueTask(Task task)
        {
            lock (_lock)
            {
                if (_isIdle)
                {
                    _kept.Add(task);
                    return;
                }
            }

            ThreadPool.QueueUserWorkItem(_ => TryExecuteTask(task));
        }

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
