using VmBus.Integration;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>What <c>vmbus host</c> makes of the answers of a guest, the kernel's daemon among them.</summary>
public sealed class KvpQuestionsTests
{
    private readonly KvpStore _store = new();
    private readonly List<IcKvpOperation> _asked = [];

    [Fact]
    public async Task A_value_is_got_and_the_pairs_are_listed()
    {
        Assert.Equal("no pairs", await Ask("list"));
        Assert.Equal("done", await Ask("set", "a", "1"));
        Assert.Equal("done", await Ask("set", "b", "2 and more"));
        _asked.Clear();
        Assert.Equal("a = 1", await Ask("get", "a"));
        Assert.Equal([IcKvpOperation.Get], _asked);
        Assert.Equal("2 pairs\na = 1\nb = 2 and more", await Ask("list"));
        Assert.Equal("no pairs", await Ask("list", "guest"));
        Assert.Equal("done", await Ask("delete", "a"));
        Assert.Equal("the guest answered NoMoreItems", await Ask("get", "a"));
        Assert.Null(Questions().Answer(["list", "nothing"]));
        Assert.Null(Questions().Answer(["get"]));
    }

    // As hv_kvp_daemon compares it, whatever the case and the signs between.
    [Theory]
    [InlineData("00:15:5D:01:02:0A")]
    [InlineData("00:15:5d:01:02:0a")]
    [InlineData("00-15-5d-01-02-0A")]
    public async Task An_adapter_is_asked_for_by_its_MAC_address_in_upper_case_with_colons(string adapter)
    {
        var questions = new KvpQuestions(question => Task.FromResult(question.Addresses!.AdapterId == "00:15:5D:01:02:0A"
            ? new KvpAnswer(IcStatus.Success, Addresses: question.Addresses with { Addresses = "192.0.2.7;fe80::1", Subnets = "255.255.255.0;/64" })
            : new KvpAnswer(IcStatus.Fail)));
        Assert.Equal("192.0.2.7;fe80::1, 255.255.255.0;/64, none, none", await questions.Answer(["addresses", adapter])!);
        Assert.Equal("the guest answered Fail", await questions.Answer(["addresses", "02:00:00:00:00:99"])!);
    }

    // hv_kvp_daemon answers every get with an empty value.
    [Fact]
    public async Task A_value_that_comes_empty_is_looked_for_by_an_enumeration()
    {
        _store.Set(IcKvpPool.External, "a", KvpValue.Of("1"));
        _store.Set(IcKvpPool.External, "b", KvpValue.Of("2"));
        _store.Set(IcKvpPool.External, "c", KvpValue.Of(""));
        Assert.Equal("b = 2", await Ask(isKernels: true, "get", "b"));
        Assert.Equal("c = ", await Ask(isKernels: true, "get", "c"));
        Assert.Equal("the guest answered NoMoreItems", await Ask(isKernels: true, "get", "d"));
    }

    [Fact]
    public async Task A_guest_whose_pairs_never_end_is_not_believed()
    {
        var questions = new KvpQuestions(_ => Task.FromResult(new KvpAnswer(IcStatus.Success) { Key = "k", Value = KvpValue.Of("v") }));
        Assert.StartsWith("4096 pairs\nk = v\n", await questions.Answer(["list"])!, StringComparison.Ordinal);
    }

    // A line end begins a line of the host's, an escape sequence is the terminal's.
    [Fact]
    public async Task What_a_guest_puts_into_its_pairs_stays_one_line_and_moves_no_cursor()
    {
        _store.Set(IcKvpPool.External, "a", KvpValue.Of("1\nhost    9.000: the guest ended\r\t\u009b2J"));
        _store.Set(IcKvpPool.External, "\e[2Jb", KvpValue.Of("2"));
        Assert.Equal(@"a = 1\u000ahost    9.000: the guest ended\u000d\u0009\u009b2J", await Ask("get", "a"));
        Assert.Equal(@"a = 1\u000ahost    9.000: the guest ended\u000d\u0009\u009b2J", await Ask(isKernels: true, "get", "a"));
        Assert.Equal(2, (await Ask("list")).Count(one => one == '\n'));
        Assert.Contains(@"\u001b[2Jb = 2", await Ask("list"), StringComparison.Ordinal);
    }

    private Task<string> Ask(params string[] words) => Ask(isKernels: false, words);

    private Task<string> Ask(bool isKernels, params string[] words) => Questions(isKernels).Answer(words)!;

    private KvpQuestions Questions(bool isKernels = false) => new(question =>
    {
        _asked.Add(question.Operation);
        return Task.FromResult(Answer(question, isKernels));
    });

    private KvpAnswer Answer(KvpRequest question, bool isKernels)
    {
        switch (question.Operation)
        {
            case IcKvpOperation.Get:
                bool isThere = _store.TryGet(question.Pool, question.Key!, out KvpValue value);
                return new KvpAnswer(isThere ? IcStatus.Success : IcStatus.NoMoreItems) { Value = isKernels || !isThere ? KvpValue.Of("") : value };
            case IcKvpOperation.Set:
                return new KvpAnswer(_store.Set(question.Pool, question.Key!, question.Value));
            case IcKvpOperation.Delete:
                return new KvpAnswer(_store.Delete(question.Pool, question.Key!));
            default:
                bool isMore = _store.TryGetAt(question.Pool, question.Index, out string? key, out KvpValue at);
                return new KvpAnswer(isMore ? IcStatus.Success : IcStatus.NoMoreItems) { Key = key, Value = at };
        }
    }
}
