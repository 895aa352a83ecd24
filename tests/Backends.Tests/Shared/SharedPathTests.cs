using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.Shared;

// Two processes find each other by a path. What the second process does is PeerDeathTests' affair.
[SupportedOSPlatform("linux")]
public sealed class SharedPathTests : IDisposable
{
    private readonly OpenResources _before = OpenResources.Count();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vmbus-path");

    private string Where => Path.Combine(_folder.FullName, "channel");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _before.AssertUnchanged();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Host_and_guest_may_come_in_either_order(bool hostFirst)
    {
        Task<SharedHost>? offering = hostFirst ? SharedHost.OfferAsync(Where, cancellationToken: Token) : null;
        Task<SharedGuest> connecting = SharedGuest.ConnectAsync(Where, cancellationToken: Token);
        if (offering is null)
        {
            Assert.False(connecting.IsCompleted);
            offering = SharedHost.OfferAsync(Where, cancellationToken: Token);
        }

        using SharedHost host = await offering;
        using SharedGuest guest = await connecting;
        Assert.False(File.Exists(Where));
        await guest.Channel.SendAsync("hello..."u8.ToArray(), cancellationToken: Token);
        Assert.True(await host.Channel.WaitToReadAsync(Token));
        host.Channel.Send("back"u8, cancellationToken: Token);
        Assert.True(await guest.Channel.WaitToReadAsync(Token));
    }

    [Fact]
    public async Task A_cancelled_wait_ends_and_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        Task<SharedHost> offering = SharedHost.OfferAsync(Where, cancellationToken: cancel.Token);
        Task<SharedGuest> connecting = SharedGuest.ConnectAsync(Where + "2", cancellationToken: cancel.Token);
        Assert.True(File.Exists(Where));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => offering);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.False(File.Exists(Where));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SharedHost.OfferAsync(Where, cancellationToken: cancel.Token));
        Assert.False(File.Exists(Where));
    }

    [Fact]
    public async Task A_host_that_says_nothing_is_waited_for_until_the_token_says_so()
    {
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(Where));
        silent.Listen();
        using var cancel = new CancellationTokenSource();
        Task<SharedGuest> connecting = SharedGuest.ConnectAsync(Where, cancellationToken: cancel.Token);
        using (Socket guest = await silent.AcceptAsync(Token))
        {
            Assert.False(connecting.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        }

        Task<SharedGuest> again = SharedGuest.ConnectAsync(Where, cancellationToken: Token);
        (await silent.AcceptAsync(Token)).Dispose();
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => again);
    }

    [Fact]
    public async Task A_place_where_no_socket_can_be_is_said()
    {
        IOException error = await Assert.ThrowsAnyAsync<IOException>(() => SharedHost.OfferAsync(Path.Combine(Where, "no", "where"), cancellationToken: Token));
        Assert.Contains("there is no folder", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SharedHost.OfferAsync(Where, new SharedChannelOptions { RingSize = 1 }, Token));
        Assert.False(File.Exists(Where));
    }
}
