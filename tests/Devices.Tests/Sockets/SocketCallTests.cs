using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Devices.Tests.Sockets;

/// <summary>Reads and writes with tokens: what they cost, and which of them a token or a dispose ends.</summary>
public sealed class SocketCallTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_need_not_wait_allocates_nothing(bool hasToken)
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        using var source = new CancellationTokenSource();
        CancellationToken token = hasToken ? source.Token : CancellationToken.None;
        var buffer = new byte[64];
        Assert.Equal(0, Allocations.Of(() =>
        {
            ValueTask writing = host.WriteAsync(buffer, token);
            Assert.True(writing.IsCompletedSuccessfully);
            writing.GetAwaiter().GetResult();
            ValueTask<int> reading = guest.ReadAsync(buffer, token);
            Assert.True(reading.IsCompletedSuccessfully);
            reading.GetAwaiter().GetResult();
        }));
    }

    // The calls share what cancels them.
    [Fact]
    public async Task A_token_ends_its_own_call_and_no_other()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        var buffer = new byte[1];
        var full = new byte[1 << 20];
        for (int round = 0; round < 20; round++)
        {
            using var reads = new CancellationTokenSource();
            using var writes = new CancellationTokenSource();
            Task<int> reading = host.ReadAsync(buffer, reads.Token).AsTask();
            Task writing = host.WriteAsync(full, writes.Token).AsTask();
            await ((round & 1) == 0 ? reads : writes).CancelAsync();
            if ((round & 1) == 0)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
                Assert.False(writing.IsCompleted);
                await writes.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
            }
            else
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
                await guest.WriteAsync(buffer, Token);
                Assert.Equal(1, await reading);
                // Too late for that call, and not meant for the next.
                await reads.CancelAsync();
                using var later = new CancellationTokenSource();
                reading = host.ReadAsync(buffer, later.Token).AsTask();
                await guest.WriteAsync(buffer, Token);
                Assert.Equal(1, await reading);
            }
        }
    }

    // One reads and one writes at a time is what the type asks for; two that wait at once are each ended by their own token.
    [Fact]
    public async Task Two_reads_at_once_have_a_token_each()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Task<int> one = host.ReadAsync(new byte[1], first.Token).AsTask();
        Task<int> other = host.ReadAsync(new byte[1], second.Token).AsTask();
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
        Assert.False(one.IsCompleted);
        await guest.WriteAsync(new byte[1], Token);
        Assert.Equal(1, await one);
    }

    [Fact]
    public async Task A_dispose_ends_calls_that_wait_with_tokens_of_their_own()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        HvSocketStream host = await listener.AcceptAsync(Token);
        using var never = new CancellationTokenSource();
        Task<int> reading = host.ReadAsync(new byte[1], never.Token).AsTask();
        Task writing = host.WriteAsync(new byte[1 << 20], never.Token).AsTask();
        await host.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writing);
    }
}
