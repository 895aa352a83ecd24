using Microsoft.Extensions.Time.Testing;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Messages;

public sealed class MessageOutboxTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Messages_leave_in_the_order_they_came()
    {
        MessageOutbox outbox = Filled(PostRetryPolicy.Guest, ChannelMessageType.RequestOffers, ChannelMessageType.Unload);

        Assert.Equal(ChannelMessageType.RequestOffers, Taken(outbox));
        Assert.Equal(PostOutcome.Delivered, outbox.Complete(HypercallStatus.Success));
        Assert.Equal(ChannelMessageType.Unload, Taken(outbox));
        Assert.Equal(PostOutcome.Delivered, outbox.Complete(HypercallStatus.Success));
        Assert.Null(outbox.UntilDue);
    }

    [Theory]
    [InlineData(HypercallStatus.InsufficientBuffers)]
    [InlineData(HypercallStatus.InsufficientMemory)]
    [InlineData(HypercallStatus.InvalidConnectionId)]
    [InlineData(HypercallStatus.ObjectInUse)]
    internal void A_message_without_room_keeps_its_place_and_comes_again_after_twice_the_time(HypercallStatus busy)
    {
        MessageOutbox outbox = Filled(PostRetryPolicy.Guest with { FirstDelay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(3) },
            ChannelMessageType.RequestOffers, ChannelMessageType.Unload);

        foreach (int milliseconds in (int[])[1, 2, 3, 3])
        {
            Assert.Equal(ChannelMessageType.RequestOffers, Taken(outbox));
            Assert.Equal(PostOutcome.Delayed, outbox.Complete(busy));
            Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), outbox.UntilDue);
            _clock.Advance(TimeSpan.FromMilliseconds(milliseconds) - TimeSpan.FromTicks(1));
            Assert.False(outbox.TryPeek(out _));
            _clock.Advance(TimeSpan.FromTicks(1));
        }

        Assert.Equal(ChannelMessageType.RequestOffers, Taken(outbox));
        Assert.Equal(4, outbox.Delayed);
    }

    [Fact]
    public void A_message_is_given_up_after_the_last_try_and_the_next_starts_afresh()
    {
        MessageOutbox outbox = Filled(new PostRetryPolicy { MaxTries = 3 }, ChannelMessageType.RequestOffers, ChannelMessageType.Unload);

        for (int attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Equal(ChannelMessageType.RequestOffers, Taken(outbox));
            Assert.Equal(attempt < 3 ? PostOutcome.Delayed : PostOutcome.GivenUp, outbox.Complete(HypercallStatus.InsufficientBuffers));
            _clock.Advance(TimeSpan.FromSeconds(3));
        }

        Assert.Equal(ChannelMessageType.Unload, Taken(outbox));
        Assert.Equal(PostOutcome.Delayed, outbox.Complete(HypercallStatus.InsufficientBuffers));
        Assert.Equal(1, outbox.GivenUp);
    }

    [Fact]
    public void A_refusal_is_not_tried_again()
    {
        MessageOutbox outbox = Filled(PostRetryPolicy.Guest, ChannelMessageType.RequestOffers);
        Taken(outbox);
        Assert.Equal(PostOutcome.GivenUp, outbox.Complete(HypercallStatus.AccessDenied));
        Assert.Equal(0, outbox.Count);
    }

    [Fact]
    public void First_contact_does_not_wait_for_a_connection_that_is_not_there()
    {
        MessageOutbox outbox = Filled(PostRetryPolicy.Guest, ChannelMessageType.InitiateContact);
        Taken(outbox);
        Assert.Equal(PostOutcome.GivenUp, outbox.Complete(HypercallStatus.InvalidConnectionId));
    }

    [Fact]
    public void News_of_room_ends_the_delay()
    {
        MessageOutbox outbox = Filled(PostRetryPolicy.Host, ChannelMessageType.RescindOffer);
        Taken(outbox);
        outbox.Complete(HypercallStatus.ObjectInUse);
        Assert.False(outbox.TryPeek(out _));
        outbox.Hurry();
        Assert.Equal(ChannelMessageType.RescindOffer, Taken(outbox));
    }

    [Fact]
    public void Delays_never_overflow()
    {
        MessageOutbox outbox = Filled(PostRetryPolicy.Host, ChannelMessageType.RescindOffer);
        for (int attempt = 0; attempt < 200; attempt++)
        {
            Taken(outbox);
            outbox.Complete(HypercallStatus.ObjectInUse);
            Assert.InRange(outbox.UntilDue!.Value, TimeSpan.FromTicks(1), PostRetryPolicy.Host.MaxDelay);
            _clock.Advance(PostRetryPolicy.Host.MaxDelay);
        }
    }

    private MessageOutbox Filled(PostRetryPolicy policy, params ChannelMessageType[] types)
    {
        var outbox = new MessageOutbox(policy, _clock);
        foreach (ChannelMessageType type in types)
            outbox.Enqueue(new QueuedMessage(ChannelMessages.ToBytes(type)));
        return outbox;
    }

    private static ChannelMessageType Taken(MessageOutbox outbox)
    {
        Assert.True(outbox.TryPeek(out QueuedMessage message));
        return message.Type;
    }
}
