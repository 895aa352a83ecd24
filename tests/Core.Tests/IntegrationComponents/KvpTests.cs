using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

public class KvpTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Store _store = new();
    private readonly KvpHost _host;
    private readonly KvpGuest _guest;
    private readonly Conversation _talk;

    public KvpTests()
    {
        _host = new KvpHost(_clock);
        _guest = new KvpGuest(_store);
        _talk = new Conversation(_host, _guest).Negotiated();
    }

    /// <summary>Law: what a host sets it gets and enumerates, in the order of setting; what it deletes is gone.</summary>
    [Property(MaxTest = 100)]
    public async Task Pairs_behave_as_an_ordered_dictionary_of_each_pool(int seed)
    {
        var random = new Random(seed);
        var tests = new KvpTests();
        var model = new Dictionary<IcKvpPool, OrderedDictionary<string, KvpValue>>();
        for (int step = 0; step < 60; step++)
        {
            var pool = (IcKvpPool)random.Next(5);
            OrderedDictionary<string, KvpValue> pairs = model.TryGetValue(pool, out OrderedDictionary<string, KvpValue>? there) ? there : model[pool] = [];
            string key = random.Next(4) == 0 ? new string('k', 255) : $"key {random.Next(4)} é";
            KvpValue value = random.Next(4) switch
            {
                0 => KvpValue.Of((uint)random.Next()),
                1 => KvpValue.Of((ulong)random.NextInt64()),
                2 => KvpValue.Of(new string('v', random.Next(1024))),
                _ => KvpValue.Of(""),
            };
            KvpAnswer answer;
            switch (random.Next(4))
            {
                case 0:
                    answer = await tests.Ask(KvpRequest.Delete(pool, key));
                    Assert.Equal(pairs.Remove(key) ? IcStatus.Success : IcStatus.NotFound, answer.Status);
                    break;
                case 1:
                    answer = await tests.Ask(KvpRequest.Get(pool, key));
                    Assert.Equal(pairs.TryGetValue(key, out KvpValue got) ? new KvpAnswer(IcStatus.Success, key, got) : new KvpAnswer(IcStatus.NotFound), answer);
                    break;
                case 2:
                    uint index = (uint)random.Next(pairs.Count + 1);
                    answer = await tests.Ask(KvpRequest.Enumerate(pool, index));
                    Assert.Equal(index < pairs.Count
                        ? new KvpAnswer(IcStatus.Success, pairs.GetAt((int)index).Key, pairs.GetAt((int)index).Value)
                        : new KvpAnswer(IcStatus.NoMoreItems), answer);
                    break;
                default:
                    answer = await tests.Ask(KvpRequest.Set(pool, key, value));
                    Assert.Equal(IcStatus.Success, answer.Status);
                    pairs[key] = value;
                    break;
            }
        }
    }

    [Fact]
    public async Task Addresses_go_there_and_back()
    {
        var addresses = new KvpAddresses
        {
            AdapterId = "{7}",
            Family = IcKvpAddressFamily.IPv6,
            IsDhcpEnabled = true,
            Addresses = new string('1', 1023),
            Subnets = "/64",
            Gateways = new string('2', 511),
            DnsServers = "::1",
        };
        Assert.Equal(IcStatus.NotFound, (await Ask(KvpRequest.GetAddresses("{7}", IcKvpAddressFamily.IPv6))).Status);
        Assert.Equal(IcStatus.Success, (await Ask(KvpRequest.SetAddresses(addresses))).Status);
        KvpAnswer got = await Ask(KvpRequest.GetAddresses("{7}", IcKvpAddressFamily.IPv6));
        Assert.Equal(addresses, got.Addresses);
        Assert.Throws<ArgumentException>(() => KvpRequest.SetAddresses(addresses with { Gateways = new string('2', 512) }));
    }

    [Fact]
    public async Task A_pool_takes_so_many_pairs_and_no_more()
    {
        for (int i = 0; i < Store.Most; i++)
            Assert.Equal(IcStatus.Success, (await Ask(KvpRequest.Set(IcKvpPool.Auto, $"{i}", KvpValue.Of(1u)))).Status);
        Assert.Equal(IcStatus.DiskFull, (await Ask(KvpRequest.Set(IcKvpPool.Auto, "more", KvpValue.Of(1u)))).Status);
        Assert.Equal(IcStatus.Success, (await Ask(KvpRequest.Set(IcKvpPool.Auto, "0", KvpValue.Of(2u)))).Status);
        Assert.Equal(IcStatus.Success, (await Ask(KvpRequest.Set(IcKvpPool.Guest, "more", KvpValue.Of(1u)))).Status);
    }

    [Fact]
    public void What_does_not_fit_is_not_asked()
    {
        Assert.Throws<ArgumentException>(() => KvpRequest.Get(IcKvpPool.Auto, ""));
        Assert.Throws<ArgumentException>(() => KvpRequest.Get(IcKvpPool.Auto, new string('k', 256)));
        Assert.Throws<ArgumentException>(() => KvpRequest.Delete(IcKvpPool.Auto, "a\0b"));
        Assert.Throws<ArgumentException>(() => KvpRequest.Set(IcKvpPool.Auto, "k", default));
        Assert.Throws<ArgumentException>(() => KvpValue.Of(new string('v', 1024)));
        Assert.Equal(IcStatus.InvalidArgument, new KvpStore().Set(IcKvpPool.Auto, "k", default));
    }

    /// <summary>Lengths of keys and values, types, pools and operations as a hostile host chooses them.</summary>
    [Theory]
    [InlineData(8, 0, IcStatus.InvalidArgument)]
    [InlineData(8, 2, IcStatus.Success)]
    [InlineData(8, 3, IcStatus.InvalidArgument)]
    [InlineData(8, 513, IcStatus.InvalidArgument)]
    [InlineData(8, 514, IcStatus.InvalidArgument)]
    [InlineData(8, -2, IcStatus.InvalidArgument)]
    [InlineData(8, 512, IcStatus.Success)]
    [InlineData(12, 0, IcStatus.Success)]
    [InlineData(12, 2048, IcStatus.Success)]
    [InlineData(12, 2047, IcStatus.InvalidArgument)]
    [InlineData(12, 2050, IcStatus.InvalidArgument)]
    [InlineData(12, -2, IcStatus.InvalidArgument)]
    [InlineData(4, 0, IcStatus.InvalidArgument)]
    [InlineData(4, 2, IcStatus.Success)]
    [InlineData(4, 3, IcStatus.InvalidArgument)]
    [InlineData(4, 4, IcStatus.Success)]
    [InlineData(4, 8, IcStatus.Success)]
    [InlineData(4, 11, IcStatus.Success)]
    [InlineData(4, -1, IcStatus.InvalidArgument)]
    public void A_field_that_cannot_be_is_refused(int at, int value, IcStatus status)
    {
        _ = _host.AskAsync(KvpRequest.Set(IcKvpPool.Auto, "key", KvpValue.Of("value")));
        Assert.True(_talk.Ask());
        BitConverter.TryWriteBytes(_talk.Request[(28 + at)..], value);
        Assert.True(_talk.Reply());
        Assert.Equal(status, _talk.Status);
        Assert.Equal(status == IcStatus.Success ? 0 : 1, _guest.GetStatistics().Malformed);
    }

    /// <summary>The calls of users ask what the requests say.</summary>
    [Fact]
    public void Each_call_asks_one_request()
    {
        var addresses = new KvpAddresses { AdapterId = "{7}", Family = IcKvpAddressFamily.IPv4 };
        (Func<KvpHost, Task<KvpAnswer>> Call, KvpRequest Request)[] calls =
        [
            (host => host.GetAsync(IcKvpPool.Guest, "a"), KvpRequest.Get(IcKvpPool.Guest, "a")),
            (host => host.SetAsync(IcKvpPool.Auto, "b", KvpValue.Of(3u)), KvpRequest.Set(IcKvpPool.Auto, "b", KvpValue.Of(3u))),
            (host => host.DeleteAsync(IcKvpPool.Auto, "c"), KvpRequest.Delete(IcKvpPool.Auto, "c")),
            (host => host.EnumerateAsync(IcKvpPool.External, 9), KvpRequest.Enumerate(IcKvpPool.External, 9)),
            (host => host.GetAddressesAsync("d", IcKvpAddressFamily.IPv6), KvpRequest.GetAddresses("d", IcKvpAddressFamily.IPv6)),
            (host => host.SetAddressesAsync(addresses), KvpRequest.SetAddresses(addresses)),
        ];
        Assert.All(calls, one => Assert.Equal(Sent(host => host.AskAsync(one.Request)), Sent(one.Call)));

        static string Sent(Func<KvpHost, Task<KvpAnswer>> call)
        {
            var host = new KvpHost();
            var talk = new Conversation(host, new KvpGuest(new KvpStore())).Negotiated();
            _ = call(host);
            Assert.True(talk.Ask());
            return Convert.ToHexString(talk.Request);
        }
    }

    /// <summary>No such key could be told to a host again: there would be no room for its zero.</summary>
    [Theory]
    [InlineData(255, IcStatus.Success)]
    [InlineData(256, IcStatus.InvalidArgument)]
    public void A_key_has_room_for_its_zero(int length, IcStatus status)
    {
        _ = _host.AskAsync(KvpRequest.Set(IcKvpPool.Auto, "key", KvpValue.Of("value")));
        Assert.True(_talk.Ask());
        BitConverter.TryWriteBytes(_talk.Request[(28 + 8)..], 512);
        _talk.Request.Slice(28 + 16, 2 * length).Fill((byte)'k');
        Assert.True(_talk.Reply());
        Assert.Equal(status, _talk.Status);
    }

    [Fact]
    public void Unknown_operations_and_pools_are_refused()
    {
        for (int i = 0; i < 256; i++)
        {
            Assert.Equal(i <= 4 ? IcStatus.NotFound : IcStatus.InvalidArgument, Refusal(at: 1, (byte)i));
            if (i >= 6)
                Assert.Equal(IcStatus.NotSupported, Refusal(at: 0, (byte)i));
        }

        IcStatus Refusal(int at, byte value)
        {
            _ = _host.AskAsync(KvpRequest.Get(IcKvpPool.External, "key"));
            Assert.True(_talk.Ask());
            _talk.Request[28 + at] = value;
            Assert.True(_talk.Reply());
            Assert.True(_host.Handle(_talk.Answer));
            return _talk.Status;
        }
    }

    /// <summary>A hostile guest: it says that all is well and sends what cannot be.</summary>
    [Fact]
    public async Task An_answer_that_cannot_be_is_a_failure()
    {
        _store.Set(IcKvpPool.Auto, "key", KvpValue.Of("value"));
        foreach ((int at, uint value) in ((int, uint)[])[(4, 99), (12, 2049), (12, uint.MaxValue)])
            Assert.Equal(IcStatus.Fail, (await Spoilt(KvpRequest.Get(IcKvpPool.Auto, "key"), at, value)).Status);
        foreach ((int at, uint value) in ((int, uint)[])[(12, 0), (12, 514), (16, 2050), (8, 0)])
            Assert.Equal(IcStatus.Fail, (await Spoilt(KvpRequest.Enumerate(IcKvpPool.Auto, 0), at, value)).Status);
        Assert.Equal(7, _host.GetStatistics().Malformed);

        Task<KvpAnswer> Spoilt(KvpRequest request, int at, uint value)
        {
            Task<KvpAnswer> asked = _host.AskAsync(request);
            Assert.True(_talk.Ask());
            Assert.True(_talk.Reply());
            BitConverter.TryWriteBytes(_talk.Answer[(28 + at)..], value);
            Assert.True(_host.Handle(_talk.Answer));
            return asked;
        }
    }

    [Fact]
    public async Task Questions_wait_for_their_turn_in_a_queue_with_an_end()
    {
        Task<KvpAnswer>[] asked = [.. Enumerable.Range(0, KvpHost.MaxWaiting).Select(i => _host.AskAsync(KvpRequest.Get(IcKvpPool.Auto, $"{i}")))];
        await Assert.ThrowsAsync<InvalidOperationException>(() => _host.AskAsync(KvpRequest.Get(IcKvpPool.Auto, "x")));

        // The first is never answered.
        Assert.True(_talk.Ask());
        _clock.Advance(IntegrationHost.DefaultAnswerTimeout);
        for (int i = 1; i < asked.Length - 1; i++)
            Assert.True(_talk.Exchange());
        await Assert.ThrowsAsync<TimeoutException>(() => asked[0]);
        Assert.Equal(IcStatus.NotFound, (await asked[1]).Status);
        Assert.False(asked[^1].IsCompleted);
        _host.Close(new PeerDisconnectedException("gone"));
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => asked[^1]);
    }

    [Fact]
    public void Nothing_is_asked_unless_somebody_wants_to_know()
    {
        Assert.False(_talk.Ask());
        Assert.Equal(Timeout.InfiniteTimeSpan, _host.DueIn);
    }

    [Fact]
    public void Numbers_have_a_text_as_Linux_keeps_them()
    {
        Assert.Equal(("7", "18446744073709551615", "x", ""), ($"{KvpValue.Of(7u)}", $"{KvpValue.Of(ulong.MaxValue)}", $"{KvpValue.Of("x")}", $"{default(KvpValue)}"));
        Assert.True(KvpValue.Of(7u).TryGetNumber(out ulong number) && number == 7);
        Assert.False(KvpValue.Of("7").TryGetNumber(out _));
    }

    private Task<KvpAnswer> Ask(KvpRequest request)
    {
        Task<KvpAnswer> asked = _host.AskAsync(request);
        Assert.True(_talk.Exchange());
        return asked;
    }

    /// <summary>The library's store, with adapters.</summary>
    private sealed class Store : IKvpStore
    {
        public const int Most = 8;

        private readonly KvpStore _pairs = new(Most);
        private readonly Dictionary<string, KvpAddresses> _adapters = [];

        public bool TryGet(IcKvpPool pool, string key, out KvpValue value) => _pairs.TryGet(pool, key, out value);

        public IcStatus Set(IcKvpPool pool, string key, KvpValue value) => _pairs.Set(pool, key, value);

        public IcStatus Delete(IcKvpPool pool, string key) => _pairs.Delete(pool, key);

        public bool TryGetAt(IcKvpPool pool, uint index, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? key, out KvpValue value)
            => _pairs.TryGetAt(pool, index, out key, out value);

        public IcStatus GetAddresses(string adapterId, IcKvpAddressFamily family, out KvpAddresses? addresses)
            => _adapters.TryGetValue(adapterId, out addresses) && addresses.Family == family ? IcStatus.Success : IcStatus.NotFound;

        public IcStatus SetAddresses(KvpAddresses addresses)
        {
            _adapters[addresses.AdapterId] = addresses;
            return IcStatus.Success;
        }
    }
}
