using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>What a host sends of its files, and what it makes of a guest's answers.</summary>
public class FileCopyHostTests
{
    private readonly FileShelf _shelf = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly FileCopyHost _host;
    private readonly Conversation _talk;

    public FileCopyHostTests()
    {
        _host = new FileCopyHost(_clock);
        _talk = new Conversation(_host, new FileCopyGuest(_shelf)).Negotiated();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6144)]
    [InlineData(6145)]
    [InlineData(100_000)]
    public async Task A_file_arrives_as_it_was(int size)
    {
        byte[] bytes = Bytes(size);
        List<ulong> seen = [];
        Task<FileCopyResult> copy = _host.CopyAsync(Request("f", bytes), new MemoryStream(bytes), new Seen(seen), TestContext.Current.CancellationToken);
        while (!copy.IsCompleted)
            Assert.True(_talk.Exchange());
        Assert.Equal(new FileCopyResult(IcStatus.Success, (ulong)size), await copy);
        Assert.Equal(bytes, _shelf.Files["f"]);
        Assert.Equal((size + 6143) / 6144, seen.Count);
        Assert.False(_talk.Ask());
    }

    [Fact]
    public async Task Files_go_one_after_the_other()
    {
        Task<FileCopyResult>[] copies = [.. Enumerable.Range(0, 5).Select(i => Copy(Request($"{i}", Bytes(10_000 * i)), new MemoryStream(Bytes(10_000 * i))))];
        while (_talk.Ask())
        {
            Assert.True(_talk.Reply());
            Assert.True(_host.Handle(_talk.Answer));
        }

        Assert.All(await Task.WhenAll(copies), result => Assert.Equal(IcStatus.Success, result.Status));
        Assert.Equal(5, _shelf.Files.Count);
    }

    [Fact]
    public async Task A_refusal_at_the_start_is_the_result()
    {
        _shelf.Files["f"] = [];
        Task<FileCopyResult> copy = Copy(Request("f", Bytes(9)), new MemoryStream(Bytes(9)));
        Assert.True(_talk.Exchange());
        Assert.Equal(new FileCopyResult(IcStatus.AlreadyExists, 0), await copy);
        Assert.False(_talk.Ask());
    }

    [Fact]
    public async Task A_refusal_in_the_middle_is_the_result_after_a_cancel()
    {
        Task<FileCopyResult> copy = Copy(Request("f", Bytes(9000)), new MemoryStream(Bytes(9000)));
        Assert.True(_talk.Exchange());
        Assert.True(_talk.Exchange());
        _shelf.AtWrite = new FileCopyVerdict(IcStatus.DiskFull);
        Assert.True(_talk.Exchange());
        Assert.False(copy.IsCompleted);
        Assert.True(_talk.Exchange());
        Assert.Equal(3, _talk.Request[28]);
        Assert.Equal(new FileCopyResult(IcStatus.DiskFull, 6144), await copy);
    }

    [Fact]
    public async Task A_refusal_at_the_end_is_the_result()
    {
        _shelf.AtComplete = new FileCopyVerdict(IcStatus.AlreadyExists);
        Task<FileCopyResult> copy = Copy(Request("f", []), new MemoryStream());
        Assert.True(_talk.Exchange());
        Assert.True(_talk.Exchange());
        Assert.Equal(new FileCopyResult(IcStatus.AlreadyExists, 0), await copy);
    }

    [Fact]
    public async Task A_stream_that_ends_early_or_fails_has_the_guest_give_up()
    {
        Task<FileCopyResult> cut = Copy(Request("f", Bytes(9000)), new MemoryStream(Bytes(7000)));
        for (int i = 0; i < 3; i++)
            Assert.True(_talk.Exchange());
        Assert.Equal(3, _talk.Request[28]);
        Assert.Contains("7000", (await Assert.ThrowsAsync<EndOfStreamException>(() => cut)).Message, StringComparison.Ordinal);

        var closed = new MemoryStream();
        await closed.DisposeAsync();
        Task<FileCopyResult> broken = Copy(Request("f", Bytes(1)), closed);
        for (int i = 0; i < 2; i++)
            Assert.True(_talk.Exchange());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => broken);
        Assert.Equal(0, _shelf.Open);
        Assert.Empty(_shelf.Files);
    }

    [Fact]
    public async Task A_copy_that_is_cancelled_here_is_given_up_there()
    {
        using var cancel = new CancellationTokenSource();
        Task<FileCopyResult> copy = _host.CopyAsync(Request("f", Bytes(9000)), new MemoryStream(Bytes(9000)), null, cancel.Token);
        Assert.True(_talk.Exchange());
        Assert.True(_talk.Exchange());
        await cancel.CancelAsync();
        Assert.True(_talk.Exchange());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy);
        Assert.Equal(0, _shelf.Open);
    }

    [Fact]
    public async Task A_guest_that_does_not_answer_is_told_to_give_up_and_then_left()
    {
        Task<FileCopyResult> copy = Copy(Request("f", Bytes(9)), new MemoryStream(Bytes(9)));
        Assert.True(_talk.Ask());
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.True(_talk.Ask());
        Assert.Equal(3, _talk.Request[28]);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.False(_talk.Ask());
        await Assert.ThrowsAsync<TimeoutException>(() => copy);
    }

    [Fact]
    public async Task Who_waits_is_told_when_the_guest_is_gone()
    {
        Task<FileCopyResult> copy = Copy(Request("f", []), Stream.Null);
        _host.Close(new PeerDisconnectedException("gone"));
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => copy);
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => Copy(Request("f", []), Stream.Null));
    }

    [Fact]
    public void No_more_files_wait_than_the_limit_says()
    {
        for (int i = 0; i < FileCopyHost.MaxWaiting; i++)
            _ = Copy(Request("f", []), Stream.Null);
        Assert.Throws<InvalidOperationException>(() => { _ = Copy(Request("f", []), Stream.Null); });
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("\ue000")]
    public void A_name_that_cannot_be_written_makes_no_request(string name)
    {
        name = FileCopyGuestTests.Halves(name);
        Assert.ThrowsAny<ArgumentException>(() => new FileCopyRequest(name, "", 0));
        Assert.ThrowsAny<ArgumentException>(() => new FileCopyRequest("f", name, 0));
        Assert.ThrowsAny<ArgumentException>(() => new FileCopyRequest(new string('n', 260), "", 0));
    }

    private Task<FileCopyResult> Copy(FileCopyRequest request, Stream content) => _host.CopyAsync(request, content, null, TestContext.Current.CancellationToken);

    internal static byte[] Bytes(int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private static FileCopyRequest Request(string name, byte[] bytes) => new(name, "/tmp", (ulong)bytes.Length);

    private sealed class Seen(List<ulong> seen) : IProgress<ulong>
    {
        public void Report(ulong value) => seen.Add(value);
    }
}
