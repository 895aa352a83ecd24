using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;

namespace VmBus.Devices.Tests.Sockets;

/// <summary>A machine with sockets at both ends. The end of a test asserts that nothing of them is left.</summary>
internal sealed class SocketFixture : IAsyncDisposable
{
    public static readonly Guid Service = HvSocketService.FromPort(5000);

    private SocketFixture(InMemoryMachine machine, HvSocketHost host, GuestBus bus, HvSocketOptions options)
    {
        Machine = machine;
        Host = host;
        Bus = bus;
        Guest = new HvSocketGuest(bus, options);
        machine.Host.DeviceFailed += (_, failed) =>
        {
            lock (Failures)
                Failures.Add(failed);
        };
    }

    public InMemoryMachine Machine { get; }

    public HvSocketHost Host { get; }

    public GuestBus Bus { get; }

    public HvSocketGuest Guest { get; }

    public List<DeviceFailedEventArgs> Failures { get; } = [];

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<SocketFixture> MakeAsync(HvSocketOptions? options = null)
    {
        var machine = new InMemoryMachine();
        // No test waits for the system's clock.
        options ??= new HvSocketOptions { ConnectTimeout = Patience.Limit, OpenTimeout = Patience.Limit, LingerTimeout = Patience.Limit };
        var host = new HvSocketHost(machine.Host, options);
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        return new SocketFixture(machine, host, bus, options);
    }

    /// <summary>Waits until the bus and the sockets have given everything back.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        HostBusStatistics statistics;
        while ((statistics = await Machine.Host.GetStatisticsAsync()) is { Relids: not 0 } or { Gpadls: not 0 } or { OpenChannels: not 0 } or { AbandonedCalls: not 0 } || Host.ConnectionCount != 0)
            await Task.Delay(1, Token);
        Assert.Equal((0, 0), (statistics.RingMappings, statistics.LostServices));
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await AssertNothingIsLeftAsync();
        await Machine.DisposeAsync();
    }
}
