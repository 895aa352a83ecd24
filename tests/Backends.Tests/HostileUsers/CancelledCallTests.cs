using System.Runtime.Versioning;
using VmBus.Backends.Tests.Bus;
using VmBus.Backends.Tests.Linux;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>Calls that wait for a guest, a host or a kernel, cancelled while they do: the wait ends, what it waited for goes on.</summary>
[SupportedOSPlatform("linux")]
public sealed class CancelledCallTests : UioFixture
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_use_of_a_component_waits_for_a_guest_and_for_an_answer_until_its_token_says_so()
    {
        await using var fixture = new BusFixture();
        var component = new IntegrationDevice<ShutdownHost>(static () => new ShutdownHost());
        await fixture.Host.OfferAsync(ShutdownHost.Offer, component);
        using var before = new CancellationTokenSource();
        Task<int> early = component.UseAsync(static _ => Task.FromResult(1), before.Token);
        Assert.False(early.IsCompleted);
        await before.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => early.WaitAsync(Patience.Limit, Token));

        await using GuestBus bus = await fixture.ConnectAsync();
        VmBusChannel channel = await bus.OpenAsync(Assert.Single(await bus.RequestOffersAsync(Token)), cancellationToken: Token);
        using var during = new CancellationTokenSource();
        using var inside = new ManualResetEventSlim();
        Task<IcStatus> asked = component.UseAsync(
            host =>
            {
                inside.Set();
                return host.AskAsync(new ShutdownRequest(default));
            },
            during.Token);
        Assert.True(inside.Wait(Patience.Limit, Token));
        Assert.False(asked.IsCompleted);
        await during.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Patience.Limit, Token));

        // What was asked is asked: nobody took it back.
        var acted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        Task guest = new ShutdownGuest(_ => acted.TrySetResult()).RunAsync(channel, cancellationToken: stop.Token);
        await acted.Task.WaitAsync(Patience.Limit, Token);
        await stop.CancelAsync();
        await Record.ExceptionAsync(() => guest);
        await channel.CloseAsync(Token);
    }

    [Fact]
    public async Task A_close_of_a_device_whose_host_does_not_read_goes_on_without_who_gave_up()
    {
        UioStandIn standIn = Make(Monitor);
        VmBusDevice device = await VmBusDevice.OpenAsync(
            UioStandIn.Instance, new VmBusDeviceOptions { Sysfs = standIn.Sysfs, FlushTimeout = Timeout.InfiniteTimeSpan }, Token);
        Assert.True(device.Channel.TrySend([1, 2, 3, 4, 5, 6, 7, 8]));
        using var cancel = new CancellationTokenSource();
        Task close = device.CloseAsync(cancel.Token);
        Assert.False(close.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => close.WaitAsync(Patience.Limit, Token));
        Assert.True(standIn.IsOpen);
        device.Channel.Dispose();
        await device.CloseAsync(Token).WaitAsync(Patience.Limit, Token);
        Assert.False(standIn.IsOpen);
    }
}
