using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Testing;

namespace VmBus.Devices.Tests.Kit;

public class ChannelScriptTests
{
    private static readonly HostOffer Offer = new(new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a71"), new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a72"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_scripted_guest_plays_against_a_device()
    {
        await using var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(Offer, new EchoDevice());
        await using VmBusChannel channel = await machine.OpenAsync(Offer, cancellationToken: Token);
        await NewScript().Request("one"u8).Request("two"u8).ExpectCompletion("one"u8).ExpectCompletion("two"u8).PlayAsync(channel, Token);
    }

    [Fact]
    public async Task A_scripted_host_plays_against_a_driver()
    {
        ChannelScript host = NewScript().ExpectRequest("hello"u8).Complete("welcome"u8).Send("news"u8).Expect("a short packet", packet => packet.Payload.Length == 8).ExpectEnd();
        await using var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(Offer, host);
        await using (VmBusChannel channel = await machine.OpenAsync(Offer, cancellationToken: Token))
        {
            using (ReceivedPacket answer = await channel.RequestAsync("hello"u8.ToArray(), cancellationToken: Token))
                Assert.Equal("welcome\0"u8, answer.Payload.Span);
            await foreach (ReceivedPacket news in channel.ReadAllAsync(Token))
            {
                Assert.Equal("news\0\0\0\0"u8, news.Payload.Span);
                break;
            }
            await channel.SendAsync("thanks"u8.ToArray(), cancellationToken: Token);
        }
        await host.Completion.WaitAsync(Patience.Limit, Token);
    }

    [Fact]
    public async Task A_failure_shows_what_was_expected_what_came_and_all_that_led_to_it()
    {
        ChannelScript host = NewScript().ExpectRequest("hello"u8).Complete("welcome"u8).Expect("bye"u8).ExpectEnd();
        await using var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(Offer, host);
        await using VmBusChannel channel = await machine.OpenAsync(Offer, cancellationToken: Token);
        (await channel.RequestAsync("hello"u8.ToArray(), cancellationToken: Token)).Dispose();
        Assert.True(channel.TrySend(new byte[] { 1, 2, 3 }));

        ChannelScriptException wrong = await Assert.ThrowsAsync<ChannelScriptException>(() => host.Completion.WaitAsync(Patience.Limit, Token));
        Assert.Equal(3, wrong.Step);
        Assert.Equal(
            [
                "Step 3 of 4, expect a packet of 3 bytes \"bye\": got a packet of 8 bytes 0102030000000000, transaction id 0x0.",
                "The channel so far:",
                "  received a request of 8 bytes \"hello\", transaction id 0x100000001",
                "  sent     a completion of 7 bytes \"welcome\", transaction id 0x100000001",
                "  received a packet of 8 bytes 0102030000000000, transaction id 0x0",
                "The steps that were to come:",
                "  4. expect the end of the channel",
            ],
            wrong.Message.Split(Environment.NewLine));
        // The driver under test does not hang on a host that has failed.
        await channel.Completion.WaitAsync(Patience.Limit, Token);
    }

    [Theory]
    [InlineData("payload")]
    [InlineData("kind")]
    [InlineData("padding")]
    [InlineData("more")]
    [InlineData("end")]
    [InlineData("silence")]
    [InlineData("nothing to complete")]
    [InlineData("nothing asked")]
    [InlineData("condition")]
    [InlineData("act")]
    public async Task Every_difference_is_found(string difference)
    {
        await using ChannelPair pair = await ChannelPair.OpenAsync(cancellationToken: Token);
        ChannelScript script = new() { Patience = difference == "silence" ? TimeSpan.FromMilliseconds(50) : Patience.Limit };
        string expected;
        switch (difference)
        {
            case "payload":
                pair.Host.TrySend("other"u8);
                (script, expected) = (script.Expect("wanted"u8), "got a packet of 8 bytes \"other\"");
                break;
            case "kind":
                pair.Host.TrySend("wanted"u8);
                (script, expected) = (script.ExpectRequest("wanted"u8), "expect a request of 6 bytes \"wanted\": got a packet");
                break;
            case "padding":
                pair.Host.TrySend("wanted\0!"u8);
                (script, expected) = (script.Expect("wanted"u8), "got a packet");
                break;
            case "more":
                pair.Host.TrySend("more"u8);
                (script, expected) = (script.ExpectEnd(), "expect the end of the channel: got a packet");
                break;
            case "end":
                await pair.Guest.CloseAsync(Token);
                ChannelScriptException ended = await Assert.ThrowsAsync<ChannelScriptException>(() => script.Expect("wanted"u8).PlayAsync(pair.Host, Token));
                Assert.StartsWith("Step 1 of 1, expect a packet of 6 bytes \"wanted\": ", ended.Message, StringComparison.Ordinal);
                return;
            case "silence":
                (script, expected) = (script.Expect("wanted"u8), "it did not end within 0.05 s");
                break;
            case "nothing to complete":
                (script, expected) = (script.Complete("answer"u8), "no request is open");
                break;
            case "nothing asked":
                (script, expected) = (script.ExpectCompletion("answer"u8), "no request of this end is open");
                break;
            case "condition":
                pair.Host.TrySend("wanted"u8);
                (script, expected) = (script.Expect("a long packet", packet => packet.Payload.Length > 8), "expect a long packet: got a packet of 8 bytes \"wanted\"");
                break;
            default:
                (script, expected) = (script.Do("fall over", (_, _) => throw new InvalidOperationException("it fell")), "fall over: it fell.");
                break;
        }
        ChannelScriptException wrong = await Assert.ThrowsAsync<ChannelScriptException>(() => script.PlayAsync(pair.Guest, Token));
        Assert.Equal(1, wrong.Step);
        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_play_ends_at_once()
    {
        await using ChannelPair pair = await ChannelPair.OpenAsync(cancellationToken: Token);
        using var stop = new CancellationTokenSource();
        Task play = NewScript().Expect("never"u8).PlayAsync(pair.Guest, stop.Token);
        Assert.False(play.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => play.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task A_script_is_played_again_at_each_open()
    {
        ChannelScript host = NewScript().Expect("hello"u8).ExpectEnd();
        await using var machine = new InMemoryMachine();
        OfferedChannel offered = await machine.Host.OfferAsync(Offer, host);
        for (int life = 0; life < 3; life++)
        {
            await using VmBusChannel channel = await machine.OpenAsync(Offer, cancellationToken: Token);
            await channel.SendAsync("hello"u8.ToArray(), cancellationToken: Token);
        }
        await host.Completion.WaitAsync(Patience.Limit, Token);
        Assert.Null(offered.Failure);
    }

    private static ChannelScript NewScript() => new() { Patience = Patience.Limit };
}
