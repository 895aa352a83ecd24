using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>
/// A host under a clock by hand, with a device that a test plays and an echo that must not suffer from it. Leaves nothing
/// behind: relids, GPADLs, rings, pages.
/// </summary>
internal sealed class DeviceFixture : IAsyncDisposable
{
    public static readonly HostOffer PlayedOffer = Bus.EchoDevice.Offer(1, monitored: false);
    public static readonly HostOffer SparedOffer = Bus.EchoDevice.Offer(2, monitored: false);

    private readonly BlockingCollection<DeviceFailedEventArgs> _failures = [];
    private WireChannel? _spared;

    private DeviceFixture(HostBusOptions? options)
    {
        Machine = new InMemoryMachine(new() { Host = (options ?? new HostBusOptions()) with { Clock = Clock } });
        Host.DeviceFailed += (_, failed) => _failures.Add(failed);
        Guest = new WireGuest(Machine.Platform);
    }

    public FakeTimeProvider Clock { get; } = new();

    public InMemoryMachine Machine { get; }

    public HostBus Host => Machine.Host;

    public WireGuest Guest { get; }

    public ScriptedDevice Device { get; } = new();

    public Bus.EchoDevice Spared { get; } = new();

    public OfferedChannel Offered { get; private set; } = null!;

    public OfferChannel Played { get; private set; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A host whose guest is connected, and has opened the channel of the echo.</summary>
    public static async Task<DeviceFixture> StartAsync(HostBusOptions? options = null)
    {
        var fixture = new DeviceFixture(options);
        fixture.Offered = await fixture.Host.OfferAsync(PlayedOffer, fixture.Device);
        await fixture.Host.OfferAsync(SparedOffer, fixture.Spared);
        await fixture.ConnectAsync();
        return fixture;
    }

    public async Task ConnectAsync()
    {
        Dictionary<Guid, OfferChannel> offers = await Guest.ConnectAsync();
        if (offers.TryGetValue(PlayedOffer.InterfaceInstance, out OfferChannel played))
            Played = played;
        _spared = await Guest.ShareRingsAsync(offers[SparedOffer.InterfaceInstance]);
        Assert.Equal(ChannelMessageStatus.Success, await Guest.OpenAsync(_spared));
        Guest.Ping(_spared);
    }

    /// <summary>Closes the channel of the echo: a guest that leaves is then let go at once.</summary>
    public Task CloseSparedAsync() => Guest.CloseAsync(_spared!);

    /// <summary>Opens the played channel.</summary>
    public async Task<WireChannel> OpenAsync()
    {
        WireChannel channel = await Guest.ShareRingsAsync(Played);
        Assert.Equal(ChannelMessageStatus.Success, await Guest.OpenAsync(channel));
        return channel;
    }

    /// <summary>The next failure that is told.</summary>
    public DeviceFailedEventArgs NextFailure()
    {
        Assert.True(_failures.TryTake(out DeviceFailedEventArgs? failed, Patience.Limit), "No failure was told.");
        return failed;
    }

    public void NothingFailed() => Assert.Empty(_failures);

    /// <summary>Ends what is waited for within the time a test has.</summary>
    public static Task Soon(Task task) => task.WaitAsync(Patience.Limit, Token);

    public static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(Patience.Limit, Token);

    /// <summary>The echo answers, whatever the played channel does.</summary>
    public void AssertSparedServed()
    {
        Guest.Ping(_spared!);
        Assert.Null(Host.Failure);
    }

    /// <summary>The echo answers, and nothing is left of the played channel but what its guest still holds.</summary>
    public async Task AssertUnharmedAsync(int relids = 2, int gpadls = 1)
    {
        Guest.Ping(_spared!);
        Assert.Null(Host.Failure);
        HostBusStatistics now = await Host.GetStatisticsAsync();
        Assert.Equal((relids, gpadls, 1, 0, 4), (now.Relids, now.Gpadls, now.OpenChannels, now.LostServices, now.RingPages));
        Background.Until(() => Machine.GuestPartition.Memory.MappedRings <= 2 * MappedByGuest + 2, "the played rings to be unmapped");
    }

    /// <summary>The echo answers while the played channel is being opened.</summary>
    public async Task AssertUnharmedButOpeningAsync()
    {
        Guest.Ping(_spared!);
        HostBusStatistics now = await Host.GetStatisticsAsync();
        Assert.Equal((2, 2, 1, 8), (now.Relids, now.Gpadls, now.OpenChannels, now.RingPages));
    }

    // What WireGuest maps of its own, for as long as it lives: the played channel's rings and the echo's.
    private int MappedByGuest => Guest.MappedChannels;

    public async ValueTask DisposeAsync()
    {
        await Soon(Host.ResetAsync());
        HostBusStatistics end = await Host.GetStatisticsAsync();
        Assert.Equal((0, 0, 0, 0, 0, 0), (end.Relids, end.Monitors, end.Gpadls, end.OpenChannels, end.LostServices, end.RingPages));
        Guest.Dispose();
        Background.Until(() => Machine.GuestPartition.Memory.MappedRings == 0, "all rings to be unmapped");
        await Machine.DisposeAsync();
        Assert.Null(Host.Failure);
        Assert.Equal(0, Machine.GuestPartition.Memory.AllocatedPages);
        _failures.Dispose();
    }
}
