using Microsoft.Extensions.Time.Testing;
using VmBus.Core.Tests.Channels;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Both sides of each component over a channel.</summary>
public sealed class ServiceTests : IDisposable
{
    private readonly ChannelPair _channels = new(trust: PeerTrust.Untrusted, dataSize: 16384);
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private VmBusChannel Host => _channels.Left;

    private VmBusChannel Guest => _channels.Right;

    public void Dispose() => _channels.Dispose();

    [Fact]
    public async Task Heartbeats_go_on_as_long_as_the_clock_does()
    {
        var service = new IntegrationHostService<HeartbeatHost>(Host, new HeartbeatHost(_clock), _clock);
        await Run(service, new HeartbeatGuest { State = IcGuestState.Healthy }, async () =>
        {
            for (int beats = 1; beats < 5; beats++)
            {
                await Until(() => service.Use(h => h.Beats) == beats);
                await Until(() => service.Use(h => h.DueIn) == TimeSpan.FromSeconds(2));
                _clock.Advance(TimeSpan.FromSeconds(2));
            }
        });
        Assert.Equal((IcGuestState.Healthy, IntegrationHostState.Closed), service.Use(h => (h.GuestState, h.State)));
    }

    [Fact]
    public async Task The_time_is_told()
    {
        var service = new IntegrationHostService<TimeSyncHost>(Host, new TimeSyncHost(_clock, () => 77), _clock);
        var guest = new TimeSyncGuest(_clock, () => 77);
        await Run(service, guest, () => Until(() => service.Use(h => h.Samples) == 1));
        Assert.Equal(TimeSpan.Zero, guest.LastSample!.Value.Offset);
    }

    [Fact]
    public async Task A_guest_shuts_down_after_its_answer()
    {
        Task<IcStatus>? asked = null;
        var acted = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var service = new IntegrationHostService<ShutdownHost>(Host, new ShutdownHost(_clock), _clock);
        var guest = new ShutdownGuest(_ => acted.SetResult(Host.Incoming.HasPackets || asked!.IsCompleted));
        await Run(service, guest, async () =>
        {
            asked = service.Use(h => h.AskAsync(new ShutdownRequest(default)));
            Assert.Equal(IcStatus.Success, await asked.WaitAsync(Patience.Limit, Token));
            await acted.Task.WaitAsync(Patience.Limit, Token);
        });
    }

    [Fact]
    public async Task Pairs_are_asked_for_while_the_service_runs()
    {
        var service = new IntegrationHostService<KvpHost>(Host, new KvpHost(_clock), _clock);
        await Run(service, new KvpGuest(new KvpStore()), async () =>
        {
            for (uint i = 0; i < 200; i++)
            {
                Task<KvpAnswer> set = service.Use(h => h.AskAsync(KvpRequest.Set(IcKvpPool.Auto, $"{i}", KvpValue.Of(i))));
                Task<KvpAnswer> got = service.Use(h => h.AskAsync(KvpRequest.Get(IcKvpPool.Auto, $"{i}")));
                Assert.Equal(IcStatus.Success, (await set.WaitAsync(Patience.Limit, Token)).Status);
                Assert.Equal(KvpValue.Of(i), (await got.WaitAsync(Patience.Limit, Token)).Value);
            }

            KvpAnswer addresses = await service.Use(h => h.AskAsync(KvpRequest.GetAddresses("a", default))).WaitAsync(Patience.Limit, Token);
            Assert.Equal(IcStatus.NotSupported, addresses.Status);
        });
    }

    [Fact]
    public async Task The_guest_gives_back_the_rings_transaction_id_and_drops_what_is_no_request()
    {
        var guest = new HeartbeatGuest();
        using var stop = new CancellationTokenSource();
        Task running = new IntegrationGuestService(Guest, guest).RunAsync(stop.Token);
        Assert.True(Host.TrySend(new byte[14000]));
        Assert.True(Host.TrySend(OutgoingPacket.Completion(Conversation.Offer([new(3, 0)], [new(3, 0)]), 1)));    // would be sound in band
        Assert.True(Host.TrySend(new byte[8]));
        Assert.True(Host.TrySend(Conversation.Offer([new(3, 0)], [new(3, 0)]), 0x1234_5678_9abc));
        await Host.WaitToReadAsync(Token).AsTask().WaitAsync(Patience.Limit, Token);
        Assert.True(Host.Incoming.TryRead(new byte[64], out int length, out ulong transactionId, out _));
        Assert.Equal((48, 0x1234_5678_9abcul), (length, transactionId));
        Assert.Equal(3, guest.GetStatistics().Dropped);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_host_drops_what_is_no_answer_and_goes_on()
    {
        var service = new IntegrationHostService<HeartbeatHost>(Host, new HeartbeatHost(_clock), _clock);
        byte[] stray = Conversation.Packet(IcMessageType.Heartbeat, new byte[8], IcMessageFlags.Response);
        for (int i = 0; i < 100; i++)
            Assert.True(Guest.TrySend(i % 2 == 0 ? new byte[8] : stray));
        Assert.True(Guest.TrySend(OutgoingPacket.Completion(stray, 1)));
        await Run(service, new HeartbeatGuest(), () => Until(() => service.Use(h => h.Beats) == 1));
        Assert.Equal((51, 50), service.Use(h => (h.GetStatistics().Dropped, h.GetStatistics().Stray)));
    }

    [Fact]
    public async Task Both_sides_end_when_the_other_is_gone_and_who_waits_is_told()
    {
        var service = new IntegrationHostService<KvpHost>(Host, new KvpHost(_clock), _clock);
        Task host = service.RunAsync(Token), guest = new IntegrationGuestService(Guest, new KvpGuest(new KvpStore())).RunAsync(Token);
        await Until(() => service.Use(h => h.State) == IntegrationHostState.Ready);
        _channels.RightGate.Disconnect("gone");
        await guest.WaitAsync(Patience.Limit, Token);
        Task<KvpAnswer> asked = service.Use(h => h.AskAsync(KvpRequest.Get(IcKvpPool.Auto, "k")));
        _channels.LeftGate.Disconnect("gone");
        await host.WaitAsync(Patience.Limit, Token);
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => asked.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task Closing_the_channel_ends_both_sides_after_the_request_that_is_being_handled()
    {
        using var handling = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        var service = new IntegrationHostService<ShutdownHost>(Host, new ShutdownHost(_clock), _clock);
        var component = new ShutdownGuest(_ =>
        {
            handling.Release();
            go.Wait(Patience.Limit, CancellationToken.None);
        });
        Task host = service.RunAsync(Token), guest = Task.Run(() => new IntegrationGuestService(Guest, component).RunAsync(Token), Token);
        Task<IcStatus> asked = service.Use(h => h.AskAsync(new ShutdownRequest(default)));
        Assert.True(await handling.WaitAsync(Patience.Limit, Token));
        Assert.Equal(IcStatus.Success, await asked.WaitAsync(Patience.Limit, Token));

        Guest.Dispose();
        Assert.False(guest.IsCompleted);
        go.Release();
        await guest.WaitAsync(Patience.Limit, Token);

        // A service that comes too late touches nothing.
        await new IntegrationGuestService(Guest, component).RunAsync(Token).WaitAsync(Patience.Limit, Token);
        Host.Dispose();
        Task<IcStatus> last = service.Use(h => h.AskAsync(new ShutdownRequest(default)));
        _channels.LeftGate.Signal();
        await host.WaitAsync(Patience.Limit, Token);
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => last.WaitAsync(Patience.Limit, Token));

        // Asked behind the end, it fails as it did just before.
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => service.Use(h => h.AskAsync(new ShutdownRequest(default))));
    }

    [Fact]
    public async Task A_ring_that_is_corrupt_ends_the_service_with_the_error()
    {
        Task host = new IntegrationHostService<KvpHost>(Host, new KvpHost(_clock), _clock).RunAsync(Token);
        _channels.ToLeft.Control.WriteIndex = 4;
        _channels.LeftGate.Signal();
        await Assert.ThrowsAsync<RingCorruptException>(() => host.WaitAsync(Patience.Limit, Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_that_stalls_is_given_up_while_its_service_sleeps(bool onOwnThread)
    {
        var shelf = new FileShelf();
        var ended = new TaskCompletionSource<FileCopyReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        TimeProvider clock = onOwnThread ? TimeProvider.System : _clock;
        var options = new FileCopyGuestOptions { Clock = clock, IdleTimeout = onOwnThread ? TimeSpan.FromMilliseconds(20) : TimeSpan.FromSeconds(60) };
        var service = new IntegrationGuestService(Guest, new FileCopyGuest(shelf, options, ended.SetResult), clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = onOwnThread
            ? Task.Factory.StartNew(() => service.Run(stop.Token), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : service.RunAsync(stop.Token);
        Assert.True(Host.TrySend(Conversation.Offer([new(3, 0)], [new(1, 1)])));
        Assert.True(Host.TrySend(Conversation.Packet(IcMessageType.FileCopy, FileCopyMessages.Start("f", "", 9))));
        for (int answers = 0; answers < 2; answers++)
        {
            await Host.WaitToReadAsync(Token).AsTask().WaitAsync(Patience.Limit, Token);
            Assert.True(Host.Incoming.TryRead(new byte[2000], out _, out _, out _));
        }

        // The service may not sleep yet, so the time goes on until it has heard.
        await Until(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(30));
            return ended.Task.IsCompleted;
        });
        Assert.Equal(FileCopyOutcome.Stalled, (await ended.Task).Outcome);
        Assert.Equal(0, shelf.Open);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task A_copy_under_way_goes_with_its_channel()
    {
        var shelf = new FileShelf();
        Task guest = new IntegrationGuestService(Guest, new FileCopyGuest(shelf)).RunAsync(Token);
        var service = new IntegrationHostService<FileCopyHost>(Host, new FileCopyHost(_clock), _clock);
        Task host = service.RunAsync(Token);
        var endless = new FileCopyRequest("f", "", long.MaxValue);
        Task<FileCopyResult> copy = service.Use(h => h.CopyAsync(endless, new Zeros(), null, Token));
        await Until(() => shelf.Open == 1);
        _channels.RightGate.Disconnect("gone");
        await guest.WaitAsync(Patience.Limit, Token);
        Assert.Equal(0, shelf.Open);
        _channels.LeftGate.Disconnect("gone");
        await host.WaitAsync(Patience.Limit, Token);
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => copy.WaitAsync(Patience.Limit, Token));
    }

    // A timer lasts 49 days at the most: a longer wait is several.
    [Fact]
    public async Task A_limit_longer_than_any_timer_is_waited_for()
    {
        var guest = new FileCopyGuest(new FileShelf(), new FileCopyGuestOptions { IdleTimeout = TimeSpan.FromDays(100), Clock = _clock });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = new IntegrationGuestService(Guest, guest, _clock).RunAsync(stop.Token);
        await AskAsync(Conversation.Offer([new(3, 0)], [new(1, 1)]));
        await AskAsync(Conversation.Packet(IcMessageType.FileCopy, FileCopyMessages.Start("f", "", 3)));
        await AskAsync(Conversation.Packet(IcMessageType.FileCopy, FileCopyMessages.Write(0, [1, 2, 3])));
        await Until(() => guest.DueIn == TimeSpan.FromDays(100));
        await AskAsync(Conversation.Packet(IcMessageType.FileCopy, FileCopyMessages.Complete));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Patience.Limit, Token));

        async Task AskAsync(byte[] packet)
        {
            Assert.True(Host.TrySend(packet));
            await Task.WhenAny(Host.WaitToReadAsync(Token).AsTask(), running).WaitAsync(Patience.Limit, Token);
            Assert.False(running.IsCompleted, $"The service has ended: {running.Exception}");
            byte[] answer = new byte[2048];
            Assert.True(Host.Incoming.TryRead(answer, out _, out _, out _));
            Assert.Equal(IcStatus.Success, (IcStatus)BitConverter.ToUInt32(answer, 20));
        }
    }

    private async Task Run<THost>(IntegrationHostService<THost> service, IntegrationGuest guest, Func<Task> meanwhile) where THost : IntegrationHost
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task host = service.RunAsync(stop.Token), answering = new IntegrationGuestService(Guest, guest).RunAsync(stop.Token);
        await meanwhile();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.WaitAsync(Patience.Limit, Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answering.WaitAsync(Patience.Limit, Token));
    }

    private static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
            await Task.Delay(1, limit.Token);
    }

    private sealed class Zeros() : MemoryStream([])
    {
        public override int Read(Span<byte> buffer)
        {
            buffer.Clear();
            return buffer.Length;
        }
    }
}
