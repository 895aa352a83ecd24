using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Streams and progress of a copy that throw whatever there is: it is one copy's end, and the next goes on.</summary>
public sealed class HostileCopyTests
{
    private readonly FileShelf _shelf = new();
    private readonly FileCopyHost _host = new(new FakeTimeProvider());
    private readonly Conversation _talk;

    public HostileCopyTests() => _talk = new Conversation(_host, new FileCopyGuest(_shelf)).Negotiated();

    public static TheoryData<Exception> Failures =>
    [
        new IOException("The disk is gone."), new InvalidDataException("zip"), new TimeoutException("pipe"), new InvalidOperationException("state"),
        new PeerDisconnectedException("gone"), new OperationCanceledException("token"),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task What_reading_throws_is_the_end_of_one_copy(Exception thrown)
    {
        Task<FileCopyResult> copy = _host.CopyAsync(Request("f"), new Throwing(thrown), cancellationToken: Token);
        await EndsAloneAsync(copy, thrown);
    }

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task What_telling_of_progress_throws_is_the_end_of_one_copy(Exception thrown)
    {
        Task<FileCopyResult> copy = _host.CopyAsync(Request("f"), new MemoryStream(new byte[9000]), new Told(_ => throw thrown), Token);
        await EndsAloneAsync(copy, thrown);
    }

    [Fact]
    public async Task Progress_may_ask_for_the_next_copy()
    {
        Task<FileCopyResult>? next = null;
        Task<FileCopyResult> copy = _host.CopyAsync(Request("f"), new MemoryStream(new byte[9000]),
            new Told(_ => next ??= _host.CopyAsync(Request("g"), new MemoryStream(new byte[9000]), cancellationToken: Token)), Token);
        while (_talk.Ask())
            Assert.True(_talk.Reply() && _host.Handle(_talk.Answer));
        Assert.Equal((9000ul, 9000ul), ((await copy).Bytes, (await next!).Bytes));
        Assert.Equal(["f", "g"], _shelf.Files.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_or_progress_may_close_the_component_and_all_its_copies_with_it(bool isProgress)
    {
        var reason = new PeerDisconnectedException("closed");
        Stream content = isProgress ? new MemoryStream(new byte[9000]) : new Closing(() => _host.Close(reason));
        Task<FileCopyResult> copy = _host.CopyAsync(Request("f"), content, new Told(_ => _host.Close(reason)), Token);
        Task<FileCopyResult> next = _host.CopyAsync(Request("g"), Stream.Null, cancellationToken: Token);
        while (_talk.Ask())
            Assert.True(_talk.Reply() && _host.Handle(_talk.Answer));
        foreach (Task ended in (Task[])[copy, next])
            Assert.Same(reason, await Assert.ThrowsAsync<PeerDisconnectedException>(() => ended.WaitAsync(Patience.Limit, Token)));
        Assert.Equal(IntegrationHostState.Closed, _host.State);
        Assert.False(_host.Handle(_talk.Answer));
    }

    private async Task EndsAloneAsync(Task<FileCopyResult> copy, Exception thrown)
    {
        while (_talk.Ask())
            Assert.True(_talk.Reply() && _host.Handle(_talk.Answer));
        Exception end = await Assert.ThrowsAnyAsync<Exception>(() => copy.WaitAsync(Patience.Limit, Token));
        Assert.True(ReferenceEquals(thrown, end) || (thrown is OperationCanceledException && end is OperationCanceledException), end.ToString());
        Assert.Equal(0, _shelf.Open);
        Assert.Empty(_shelf.Files);

        Task<FileCopyResult> next = _host.CopyAsync(Request("next"), new MemoryStream(new byte[9000]), cancellationToken: Token);
        while (_talk.Ask())
            Assert.True(_talk.Reply() && _host.Handle(_talk.Answer));
        Assert.Equal(new FileCopyResult(IcStatus.Success, 9000), await next.WaitAsync(Patience.Limit, Token));
    }

    private static FileCopyRequest Request(string name) => new(name, "", 9000, default);

    private sealed class Told(Action<ulong> told) : IProgress<ulong>
    {
        public void Report(ulong value) => told(value);
    }

    private sealed class Closing(Action close) : MemoryStream(new byte[9000])
    {
        public override int Read(Span<byte> buffer)
        {
            close();
            return base.Read(buffer);
        }
    }

    private sealed class Throwing(Exception thrown) : MemoryStream
    {
        public override int Read(Span<byte> buffer) => throw thrown;
    }
}
