using VmBus.Integration;
using VmBus.Testing;

namespace VmBus.Backends.Tests.InMemory;

/// <summary>Both sides of a component, woken by the hypervisor, with rings as small as the longest message allows.</summary>
public class IntegrationComponentTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    public async Task Pairs_and_addresses_are_asked_for_over_the_hypervisor(SignalMode mode)
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel memory = bus.CreateChannel(new() { GuestToHostSize = 8192, HostToGuestSize = 8192 });
        using VmBusChannel guest = memory.Guest.Open(), host = memory.Host.Open(PeerTrust.Untrusted);
        guest.SignalMode = mode;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var service = new IntegrationHostService<KvpHost>(host, new KvpHost());
        Task asking = service.RunAsync(stop.Token), answering = new IntegrationGuestService(guest, new KvpGuest(new KvpStore())).RunAsync(stop.Token);

        for (uint i = 0; i < 100; i++)
        {
            Assert.Equal(IcStatus.Success, (await Ask(KvpRequest.Set(IcKvpPool.External, $"key {i}", KvpValue.Of(i)))).Status);
            KvpAnswer answer = await Ask(KvpRequest.Enumerate(IcKvpPool.External, i));
            Assert.Equal(new KvpAnswer(IcStatus.Success, $"key {i}", KvpValue.Of(i)), answer);
        }

        Assert.Equal(IcStatus.NotSupported, (await Ask(KvpRequest.GetAddresses("0", IcKvpAddressFamily.IPv4))).Status);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(Patience.Limit, Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answering.WaitAsync(Patience.Limit, Token));

        Task<KvpAnswer> Ask(KvpRequest request) => service.Use(h => h.AskAsync(request)).WaitAsync(Patience.Limit, Token);
    }
}
