using System.Net.Sockets;
using VmBus.Hosting;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Devices.Tests.Sockets;

/// <summary>A bus that is saved with connections: they end, as on every host, and what asks for one then is answered by the next.</summary>
public sealed class SavedSocketTests
{
    [Fact]
    public async Task Connections_end_with_the_save_and_new_ones_are_made_after_the_restore()
    {
        await using SocketFixture fixture = await MakeAsync();
        HvSocketListener listener = fixture.Host.Listen(Service);
        HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        HvSocketStream host = await listener.AcceptAsync(Token);
        HvSocketStream waiting = await fixture.Guest.ConnectAsync(Service, Token);
        await guest.WriteAsync("before"u8.ToArray(), Token);
        await host.WriteAsync("before"u8.ToArray(), Token);
        Task<int> reading = waiting.ReadAsync(new byte[1], Token).AsTask();

        byte[] state = await fixture.Machine.SaveHostAsync(Token);
        // The guest knows of nothing yet. The host's program reads what had come, and the end.
        var got = new byte[6];
        await host.ReadExactlyAsync(got, Token);
        Assert.Equal("before"u8, got);
        Assert.Equal(0, await host.ReadAsync(got, Token));
        await Assert.ThrowsAsync<HvSocketException>(() => host.WriteAsync(got, Token).AsTask());
        await fixture.Host.DisposeAsync();
        Assert.Equal(0, fixture.Host.ConnectionCount);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => listener.AcceptAsync(Token).AsTask());
        Assert.False(reading.IsCompleted);

        HostBus bus = fixture.Machine.RestoreHost(state);
        await using var next = new HvSocketHost(bus, fixture.Host.Options);
        using HvSocketListener listens = next.Listen(Service);
        await bus.CompleteRestoreAsync();
        Assert.Equal(0, await reading);
        await guest.ReadExactlyAsync(got, Token);
        Assert.Equal("before"u8, got);
        Assert.Equal(0, await guest.ReadAsync(got, Token));
        HvSocketException reset = await Assert.ThrowsAsync<HvSocketException>(() => guest.WriteAsync(got, Token).AsTask());
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        await guest.DisposeAsync();
        await waiting.DisposeAsync();

        await using HvSocketStream later = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream served = await listens.AcceptAsync(Token);
        await served.WriteAsync("after."u8.ToArray(), Token);
        await later.ReadExactlyAsync(got, Token);
        Assert.Equal("after."u8, got);
        Assert.Empty(fixture.Failures);
    }

    [Fact]
    public async Task A_connect_that_waits_for_its_answer_is_asked_again_after_the_restore()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        HvSocketOptions options = new()
        {
            OpenTimeout = Patience.Limit,
            LingerTimeout = Patience.Limit,
            Requested = (_, token) =>
            {
                asked.TrySetResult();
                return Task.Delay(Timeout.Infinite, token);
            },
        };
        await using SocketFixture fixture = await MakeAsync(options);
        Task<HvSocketStream> connecting = fixture.Guest.ConnectAsync(Service, Token);
        await asked.Task.WaitAsync(Patience.Limit, Token);
        byte[] state = await fixture.Machine.SaveHostAsync(Token);
        await fixture.Host.DisposeAsync();
        Assert.False(connecting.IsCompleted);
        HostBus bus = fixture.Machine.RestoreHost(state);
        await using var next = new HvSocketHost(bus, options with { Requested = null });
        using HvSocketListener listens = next.Listen(Service);
        await bus.CompleteRestoreAsync();
        await using HvSocketStream guest = await connecting.WaitAsync(Patience.Limit, Token);
        await using HvSocketStream served = await listens.AcceptAsync(Token);
        Assert.Equal(guest.Endpoint, served.Endpoint);
    }
}
