using VmBus.Core.Tests.Channels;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Users of a host's component that throw, call it again, or end it while they have it to themselves.</summary>
public sealed class HostileUseTests : IDisposable
{
    private readonly ChannelPair _channels = new(trust: PeerTrust.Untrusted, dataSize: 16384);
    private readonly IntegrationHostService<ShutdownHost> _service;

    public HostileUseTests() => _service = new IntegrationHostService<ShutdownHost>(_channels.Left, new ShutdownHost());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _channels.Dispose();

    // Again and again, since each must find the service asleep.
    [Fact]
    public async Task What_was_asked_for_by_a_use_that_then_throws_is_asked_all_the_same()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task host = _service.RunAsync(stop.Token), guest = new ShutdownGuest(static _ => { }).RunAsync(_channels.Right, cancellationToken: stop.Token);
        for (int round = 0; round < 50; round++)
        {
            Task<IcStatus>? asked = null;
            Assert.Throws<InvalidTimeZoneException>(() => _service.Use<bool>(component =>
            {
                asked = component.AskAsync(new ShutdownRequest(default));
                throw new InvalidTimeZoneException("Nobody expects this.");
            }));
            Assert.Equal(IcStatus.Success, await asked!.WaitAsync(Patience.Limit, Token));
        }

        await EndAsync(stop, host, guest);
    }

    [Fact]
    public async Task A_use_may_use_the_component_again()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task host = _service.RunAsync(stop.Token), guest = new ShutdownGuest(static _ => { }).RunAsync(_channels.Right, cancellationToken: stop.Token);
        Assert.Equal(IcStatus.Success, await _service.Use(_ => _service.Use(component => component.AskAsync(new ShutdownRequest(default)))).WaitAsync(Patience.Limit, Token));
        await EndAsync(stop, host, guest);
    }

    [Theory]
    [InlineData("channel")]
    [InlineData("component")]
    [InlineData("token")]
    public async Task A_use_may_end_the_service_it_is_called_by_and_what_it_asked_ends_too(string what)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task host = _service.RunAsync(stop.Token), guest = new ShutdownGuest(static _ => { }).RunAsync(_channels.Right, cancellationToken: stop.Token);
        Task<IcStatus> asked = _service.Use(component =>
        {
            Task<IcStatus> asks = component.AskAsync(new ShutdownRequest(default));
            if (what == "channel")
                _channels.Left.Dispose();
            else if (what == "component")
                component.Close(new InvalidTimeZoneException("closed"));
            else
                stop.Cancel();
            return asks;
        });
        Exception end = await Assert.ThrowsAnyAsync<Exception>(() => asked.WaitAsync(Patience.Limit, Token));
        Assert.True(end is PeerDisconnectedException or InvalidTimeZoneException or OperationCanceledException, end.ToString());
        // What is asked later fails with the same exception: a caller cannot tell the two moments apart.
        Exception later = await Assert.ThrowsAnyAsync<Exception>(() => _service.Use(component => component.AskAsync(new ShutdownRequest(default))));
        Assert.Equal(end.GetType(), later.GetType());
        await EndAsync(stop, host, guest);
    }

    private static async Task EndAsync(CancellationTokenSource stop, params Task[] runs)
    {
        await stop.CancelAsync();
        foreach (Task run in runs)
        {
            Exception? end = await Record.ExceptionAsync(() => run.WaitAsync(Patience.Limit, Token));
            Assert.True(end is null or OperationCanceledException, end?.ToString());
        }
    }
}
