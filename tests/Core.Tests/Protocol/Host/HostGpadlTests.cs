using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

public sealed class HostGpadlTests
{
    private readonly ScriptedGuest _guest = new();

    [Theory]
    [InlineData(1)]
    [InlineData(26)]
    [InlineData(27)]
    [InlineData(54)]
    [InlineData(55)]
    [InlineData(8190)]
    public void A_gpadl_of_any_size_reaches_its_device_whole(int pages)
    {
        OfferId offer = Offered();
        Assert.Equal(MessageFault.None, _guest.SendGpadl(1, 77, pages));
        HostAction.CreateGpadl create = _guest.Action<HostAction.CreateGpadl>();
        Assert.Equal((offer, 1u, 77u), (create.Offer, create.Relid, create.Gpadl));
        GpadlRange range = Assert.Single(create.Ranges);
        Assert.Equal((0u, (uint)pages * 4096), (range.ByteOffset, range.ByteCount));
        Assert.Equal(Enumerable.Range(1, pages).Select(page => (ulong)page), range.PageFrames.ToArray());
        _guest.NothingPosted();
        _guest.Host.CompleteCreateGpadl(offer, 77, ChannelMessageStatus.Success);
        Assert.Equal("0A00000000000000" + "01000000" + "4D000000" + "00000000", Convert.ToHexString(Assert.Single(_guest.Posts()).Bytes.Span));
        Assert.Equal((1, (long)pages), (_guest.Host.GpadlCount, _guest.Host.GpadlPages));
    }

    // Linux 6.12 shares the rings of a UIO device and two buffers: 12,032 pages in three GPADLs, by hv_uio_probe.
    [Fact]
    public void The_default_budget_has_room_for_64_devices_over_UIO()
    {
        HostProtocolOptions options = new();
        Assert.True(options.MaxGpadlPages >= 64 * 12_032, $"{options.MaxGpadlPages} pages");
        Assert.True(options.MaxGpadls >= 64 * 3, $"{options.MaxGpadls} GPADLs");
    }

    [Fact]
    public void A_device_may_refuse_memory()
    {
        OfferId offer = Offered();
        _guest.SendGpadl(1, 77);
        _guest.Actions();
        _guest.Host.CompleteCreateGpadl(offer, 77, ChannelMessageStatus.Unsuccessful);
        Assert.Equal(ChannelMessageStatus.Unsuccessful, _guest.Post<GpadlCreated>(ChannelMessageType.GpadlCreated).Status);
        Assert.Equal((0, 0L), (_guest.Host.GpadlCount, _guest.Host.GpadlPages));
        Assert.Equal(MessageFault.None, _guest.SendGpadl(1, 77));
    }

    [Theory]
    [InlineData(16, 0, MessageFault.InvalidField)]
    [InlineData(0, 0, MessageFault.InvalidField)]
    [InlineData(0, 1, MessageFault.InvalidField)]
    [InlineData(8, 1, MessageFault.InvalidField)]
    [InlineData(17, 1, MessageFault.InvalidField)]
    [InlineData(40, 3, MessageFault.InvalidField)]
    public void A_header_whose_counts_cannot_be_is_answered_with_a_failure(int rangeBytes, int rangeCount, MessageFault fault)
    {
        Offered();
        Assert.Equal(fault, _guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 5, rangeBytes, rangeCount, ScriptedGuest.Range(1))));
        Refused(5);
    }

    [Fact]
    public void Ranges_that_cannot_be_are_answered_with_a_failure()
    {
        Offered();
        ulong[][] wrong = [[0, 1], [4097, 1], [4096, 1, 2], [1ul | 4096ul << 32, 1], [4096ul | 1ul << 32, 1], [0xFFFFFFFF, 1]];
        foreach (ulong[] words in wrong)
        {
            Assert.Equal(MessageFault.InvalidField, _guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 5, words.Length * 8, 1, words)));
            Refused(5);
        }
    }

    [Fact]
    public void Ranges_that_turn_out_wrong_in_a_body_are_answered_with_a_failure()
    {
        Offered();
        ulong[] words = ScriptedGuest.Range(60);
        words[0] += 1;
        Assert.Equal(MessageFault.None, _guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 5, words.Length * 8, 1, words.AsSpan(0, 27))));
        Assert.Equal(MessageFault.None, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, words.AsSpan(27, 28))));
        Assert.Equal(MessageFault.InvalidField, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, words.AsSpan(55))));
        Refused(5);
        Assert.Equal(MessageFault.UnknownTarget, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, words.AsSpan(55))));
    }

    [Fact]
    public void A_body_without_a_header_or_behind_the_last_is_dropped()
    {
        Offered();
        Assert.Equal(MessageFault.UnknownTarget, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, [1])));
        _guest.SendGpadl(1, 5, 30);
        Assert.Equal(MessageFault.UnknownTarget, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, [1])));
        _guest.NothingPosted();
    }

    [Fact]
    public void An_empty_body_is_dropped_and_the_gpadl_goes_on()
    {
        Offered();
        ulong[] words = ScriptedGuest.Range(27);
        _guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 5, words.Length * 8, 1, words.AsSpan(0, 27)));
        Assert.Equal(MessageFault.TooShort, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, [])));
        Assert.Equal(MessageFault.None, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, words.AsSpan(27))));
        _guest.Action<HostAction.CreateGpadl>();
    }

    [Fact]
    public void A_handle_in_use_is_not_given_again()
    {
        OfferId offer = Offered();
        _guest.Offer(2);
        _guest.Posts();
        _guest.Actions();
        ulong[] words = ScriptedGuest.Range(40);
        _guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 5, words.Length * 8, 1, words.AsSpan(0, 27)));
        Assert.Equal(MessageFault.WrongState, _guest.SendGpadl(1, 5));
        Assert.Equal(MessageFault.WrongState, _guest.SendGpadl(2, 5));
        Assert.Equal([1u, 2u], _guest.Posts().Select(post => ChannelMessages.Read<GpadlCreated>(post.Bytes.Span).ChildRelid));
        Assert.Equal(MessageFault.None, _guest.Host.Receive(ScriptedGuest.GpadlBodyMessage(5, words.AsSpan(27))));
        _guest.Action<HostAction.CreateGpadl>();
        _guest.Host.CompleteCreateGpadl(offer, 5, ChannelMessageStatus.Success);
        _guest.Posts();
        Assert.Equal(MessageFault.WrongState, _guest.SendGpadl(1, 5));
        Assert.Equal(MessageFault.None, _guest.SendGpadl(2, 5));
        _guest.SendTeardown(5);
        Assert.Equal(MessageFault.WrongState, _guest.SendGpadl(1, 5));
        _guest.DoAll();
        Assert.Equal(MessageFault.None, _guest.SendGpadl(1, 5));
    }

    [Fact]
    public void Gpadls_and_their_pages_have_a_limit_that_counts_what_is_still_coming_in()
    {
        var guest = new ScriptedGuest(new HostProtocolOptions { MaxGpadls = 3, MaxGpadlPages = 100 });
        OfferId offer = guest.Offer();
        guest.Connected();
        ulong[] words = ScriptedGuest.Range(90);
        Assert.Equal(MessageFault.None, guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 1, words.Length * 8, 1, [])));
        Assert.Equal(90, guest.Host.GpadlPages);
        Assert.Equal(MessageFault.LimitExceeded, guest.SendGpadl(1, 2, 11));
        Assert.Equal(ChannelMessageStatus.Unsuccessful, guest.Post<GpadlCreated>(ChannelMessageType.GpadlCreated).Status);
        Assert.Equal(MessageFault.None, guest.SendGpadl(1, 2, 10));
        guest.DoAll();
        Assert.Equal(MessageFault.None, guest.SendTeardown(2));
        guest.DoAll();
        for (uint gpadl = 2; gpadl <= 3; gpadl++)
            Assert.Equal(MessageFault.None, guest.SendGpadl(1, gpadl, 1));
        Assert.Equal(MessageFault.LimitExceeded, guest.SendGpadl(1, 4, 1));
        guest.Host.Revoke(offer);
        guest.SendReleased();
        Assert.Equal((0, 0L), (guest.Host.GpadlCount, guest.Host.GpadlPages));
    }

    [Fact]
    public void A_teardown_of_what_is_not_there_or_not_finished_is_dropped()
    {
        Offered();
        Assert.Equal(MessageFault.UnknownTarget, _guest.SendTeardown(5));
        Assert.Equal(MessageFault.UnknownTarget, _guest.SendTeardown(5, relid: 2));
        _guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 5, 100 * 8, 1, []));
        Assert.Equal(MessageFault.WrongState, _guest.SendTeardown(5));
        _guest.SendGpadl(1, 6);
        Assert.Equal(MessageFault.WrongState, _guest.SendTeardown(6));
        _guest.DoAll();
        Assert.Equal(MessageFault.None, _guest.SendTeardown(6));
        Assert.Equal(MessageFault.WrongState, _guest.SendTeardown(6));
    }

    [Fact]
    public void A_guest_that_leaves_takes_its_gpadls_with_it_wherever_they_stand()
    {
        OfferId offer = Offered();
        _guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 1, 100 * 8, 1, []));
        _guest.CreateGpadl(offer, 2);
        _guest.SendGpadl(1, 3);
        _guest.SendGpadl(1, 4);
        _guest.Actions();
        _guest.Send(ChannelMessageType.Unload);
        Assert.Equal([new HostAction.TeardownGpadl(offer, 2), new HostAction.Released(offer)], _guest.Actions());
        Assert.Equal(3, _guest.Host.GpadlCount);
        _guest.Host.CompleteCreateGpadl(offer, 3, ChannelMessageStatus.Success);
        Assert.Equal(3u, _guest.Action<HostAction.TeardownGpadl>().Gpadl);
        _guest.Host.CompleteCreateGpadl(offer, 4, ChannelMessageStatus.Unsuccessful);
        _guest.Host.CompleteTeardownGpadl(offer, 2);
        _guest.NothingToDo();
        _guest.Host.CompleteTeardownGpadl(offer, 3);
        _guest.DoAll();
        _guest.Post<UnloadResponse>(ChannelMessageType.UnloadResponse);
        _guest.NothingLeaks();
    }

    private OfferId Offered()
    {
        OfferId offer = _guest.Offer();
        _guest.Connected();
        return offer;
    }

    private void Refused(uint gpadl)
    {
        Assert.Equal("0A00000000000000" + "01000000" + $"0{gpadl}000000" + "FFFF0080", Convert.ToHexString(Assert.Single(_guest.Posts()).Bytes.Span));
        _guest.NothingToDo();
        Assert.Equal((0, 0L), (_guest.Host.GpadlCount, _guest.Host.GpadlPages));
    }

    // What Linux 6.12's uio_hv_generic shows for each device: rings of 2 MiB each way, and buffers of 31 and 16 MiB.
    [Fact]
    public void The_default_limits_have_room_for_64_devices_of_uio_hv_generic()
    {
        var guest = new ScriptedGuest();
        for (int instance = 1; instance <= 64; instance++)
            guest.Offer(instance);
        guest.Connected();
        uint gpadl = 0xE1E10;
        for (uint relid = 1; relid <= 64; relid++)
        {
            foreach (int pages in (int[])[1024, 7936, 4096])
            {
                Assert.Equal(MessageFault.None, guest.SendGpadl(relid, gpadl++, pages));
                guest.DoAll();
                Assert.Equal(ChannelMessageStatus.Success, guest.Post<GpadlCreated>(ChannelMessageType.GpadlCreated).Status);
            }
        }

        Assert.Equal((192, 64 * 13_056L), (guest.Host.GpadlCount, guest.Host.GpadlPages));
    }
}
