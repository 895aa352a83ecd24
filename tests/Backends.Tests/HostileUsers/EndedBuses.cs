using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>Both ends of a bus, what they hand out, and the machine around them.</summary>
internal static class EndedBuses
{
    private static readonly HostOffer Offer = Bus.EchoDevice.Offer(1);
    private static readonly HostOffer Other = Bus.EchoDevice.Offer(2);

    public static Dictionary<string, Func<Task<EndedCase>>> All { get; } = new(StringComparer.Ordinal)
    {
        ["GuestBus"] = () => GuestAsync(bus => bus.DisposeAsync().AsTask()),
        ["GuestBus: abandoned"] = () => GuestAsync(bus => bus.AbandonAsync(Token)),
        ["GuestBus: saved"] = () => GuestAsync(bus => bus.SaveAsync(Token)),
        ["HostBus"] = () => HostAsync(isSaved: false),
        ["HostBus: saved"] = () => HostAsync(isSaved: true),
        ["OfferedChannel"] = () => OfferedAsync(byBus: false),
        ["OfferedChannel: whose bus is disposed"] = () => OfferedAsync(byBus: true),
        ["InMemoryMachine"] = MachineAsync,
        ["DeviceContext"] = () => ContextAsync(byMachine: false),
        ["DeviceContext: whose machine is disposed"] = () => ContextAsync(byMachine: true),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<EndedCase> GuestAsync(Func<GuestBus, Task> end)
    {
        var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(Offer, new Bus.EchoDevice());
        await machine.Host.OfferAsync(Other, new Bus.EchoDevice());
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(Token);
        VmBusChannel channel = await bus.OpenAsync(offers[0], cancellationToken: Token);
        return new EndedCase(bus).EndedBy(() => end(bus)).EndedBy(() => bus.DisposeAsync().AsTask()).EndedBy(() => bus.AbandonAsync(Token))
            .Throws("OpenAsync", async () => await (await bus.OpenAsync(offers[1], cancellationToken: Token)).CloseAsync(Token))
            .Throws("RetargetAsync", () => bus.RetargetAsync(channel, 0, Token))
            .Answers("AbandonAsync", () => bus.Completion.IsCompleted ? bus.AbandonAsync(Token) : Task.CompletedTask)
            .Throws("RequestOffersAsync", () => bus.RequestOffersAsync(Token))
            .Throws("GetOffersAsync", () => bus.GetOffersAsync(Token))
            .Throws("WaitForOfferAsync", () => bus.WaitForOfferAsync(Offer.InterfaceType, Offer.InterfaceInstance, cancellationToken: Token))
            .Throws("WatchOffersAsync", async () =>
            {
                await foreach (OfferChange change in bus.WatchOffersAsync(Token))
                    Assert.NotNull(change.Offer);
            })
            .Throws("ConnectTransportAsync", () => bus.ConnectTransportAsync(Guid.NewGuid(), Guid.NewGuid(), cancellationToken: Token))
            .Throws("PauseAsync", () => bus.PauseAsync(Token))
            .Throws("ResumeAsync", () => bus.ResumeAsync(Token))
            .Throws("MoveMonitorPagesAsync", () => bus.MoveMonitorPagesAsync(Token))
            .Throws("GetChannelsAsync", () => bus.GetChannelsAsync(Token))
            .Throws("SaveAsync", () => bus.SaveAsync(Token))
            .After(() => machine.DisposeAsync().AsTask());
    }

    private static async Task<EndedCase> HostAsync(bool isSaved)
    {
        var machine = new InMemoryMachine();
        HostBus host = machine.Host;
        await host.OfferAsync(Offer, new Bus.EchoDevice());
        await machine.OpenAsync(Offer, cancellationToken: Token);
        var made = new EndedCase(host);
        if (isSaved)
            made.EndedBy(() => host.SaveAsync());
        made.EndedBy(() => host.DisposeAsync().AsTask())
            .Throws("OfferAsync", () => host.OfferAsync(Bus.EchoDevice.Offer(3), new Bus.EchoDevice()))
            .Answers("GetStatisticsAsync", () => host.GetStatisticsAsync())
            .Throws<InvalidOperationException>("CompleteRestoreAsync", () => host.CompleteRestoreAsync());
        made = isSaved
            ? made.Throws<InvalidOperationException>("SaveAsync", () => host.SaveAsync()).Throws("ResetAsync", () => host.ResetAsync())
            : made.Throws("SaveAsync", () => host.SaveAsync()).Answers("ResetAsync", () => host.ResetAsync());
        return made.After(() => machine.DisposeAsync().AsTask());
    }

    private static async Task<EndedCase> OfferedAsync(bool byBus)
    {
        var machine = new InMemoryMachine();
        OfferedChannel offered = await machine.Host.OfferAsync(Offer, new Bus.EchoDevice());
        await machine.OpenAsync(Offer, cancellationToken: Token);
        var made = new EndedCase(offered);
        if (byBus)
            made.EndedBy(() => machine.Host.DisposeAsync().AsTask());
        return made.EndedBy(() => offered.RevokeAsync()).EndedBy(() => offered.DisposeAsync().AsTask())
            .Answers("RevokeAsync", () => offered.IsRevoked || byBus ? offered.RevokeAsync() : Task.CompletedTask)
            .After(() => machine.DisposeAsync().AsTask());
    }

    private static async Task<EndedCase> MachineAsync()
    {
        var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(Offer, new Bus.EchoDevice());
        await machine.OpenAsync(Offer, cancellationToken: Token);
        (byte[] guest, byte[] host) = await SavedAsync();
        return new EndedCase(machine).EndedBy(() => machine.DisposeAsync().AsTask())
            .Throws("ConnectAsync", () => machine.ConnectAsync(cancellationToken: Token))
            .Throws("OpenAsync", () => machine.OpenAsync(Offer, cancellationToken: Token))
            .Throws("RestoreGuestAsync", () => machine.RestoreGuestAsync(guest, cancellationToken: Token))
            .Throws("SaveHostAsync", () => machine.SaveHostAsync(Token))
            .Throws("RestoreHost", () => machine.RestoreHost(host));
    }

    private static async Task<(byte[] Guest, byte[] Host)> SavedAsync()
    {
        await using var machine = new InMemoryMachine();
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        return (await bus.SaveAsync(Token), await machine.SaveHostAsync(Token));
    }

    private static async Task<EndedCase> ContextAsync(bool byMachine)
    {
        var machine = new InMemoryMachine();
        var served = new TaskCompletionSource<DeviceContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        OfferedChannel offered = await machine.Host.OfferAsync(Offer, new HostileDevices.ScriptedDevice
        {
            Serve = (context, closing) =>
            {
                served.SetResult(context);
                return Task.Delay(Timeout.Infinite, closing);
            },
        });
        await machine.OpenAsync(Offer, cancellationToken: Token);
        DeviceContext device = await served.Task.WaitAsync(Patience.Limit, Token);
        uint gpadl = device.Request.Gpadl;
        byte[] bytes = new byte[8];
        Assert.True(device.TryReadGpadl(gpadl, 4096, bytes));
        EndedCase made = new EndedCase(device).EndedBy(() => byMachine ? machine.DisposeAsync().AsTask() : offered.RevokeAsync())
            .Answers("GetGpadlLength", () => device.GetGpadlLength(gpadl))
            .Answers("TryReadGpadl", () => device.TryReadGpadl(gpadl, 4096, bytes))
            .Answers("TryWriteGpadl", () => device.TryWriteGpadl(gpadl, 4096, bytes));
        made = byMachine
            ? made.Throws("Memory", () => device.Memory.TryRead(4096, bytes)).Throws("Memory", () => device.Memory.TryWrite(4096, bytes))
            : made.Answers("Memory", () => device.Memory.TryRead(4096, bytes));
        return made.After(() => machine.DisposeAsync().AsTask());
    }
}
