using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;
using static VmBus.Core.Tests.IntegrationComponents.FileCopyMessages;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>What a guest takes of a host's file copies, and what it refuses.</summary>
public class FileCopyGuestTests
{
    private readonly FileShelf _shelf = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly List<FileCopyReport> _reports = [];
    private readonly FileCopyGuest _guest;

    public FileCopyGuestTests() => _guest = Guest(new FileCopyGuestOptions { Clock = _clock });

    [Fact]
    public void A_file_is_there_when_it_is_whole_and_not_before()
    {
        Assert.Equal(IcStatus.Success, _guest.Send(Start("f", "/tmp", 5)));
        Assert.Equal("f", _guest.Current!.FileName);
        Assert.Equal(IcStatus.Success, _guest.Send(Write(0, "ab"u8)));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(2, "cde"u8)));
        Assert.Empty(_shelf.Files);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(IcStatus.Success, _guest.Send(Complete));
        Assert.Equal("abcde"u8.ToArray(), _shelf.Files["f"]);
        Assert.Equal((FileCopyOutcome.Completed, 5ul, TimeSpan.FromSeconds(2)), Last());
        Assert.Null(_guest.Current);
    }

    [Theory]
    [InlineData("größe 漢字 😀.txt", "/tmp/Ελληνικά")]
    [InlineData(".hidden", "")]
    [InlineData("a b", "\\x\\y/")]
    public void Names_are_kept_as_they_are(string name, string path)
    {
        Assert.Equal(IcStatus.Success, _guest.Send(Start(name, path, 0)));
        Assert.Equal((name, path), (_guest.Current!.FileName, _guest.Current.Path));
    }

    [Theory]
    [InlineData("", "/tmp")]
    [InlineData(".", "/tmp")]
    [InlineData("..", "/tmp")]
    [InlineData("a/b", "/tmp")]
    [InlineData("a\\b", "/tmp")]
    [InlineData("../f", "/tmp")]
    [InlineData("f", "..")]
    [InlineData("f", "/tmp/../etc")]
    [InlineData("f", "tmp\\..\\..")]
    [InlineData("f\0g", "/tmp")]
    [InlineData("f", "/tmp\0/x")]
    [InlineData("f\ue000", "/tmp")]
    [InlineData("\ue001f", "/tmp")]
    [InlineData("f", "/\ue001\ue000")]
    public void Names_that_are_no_names_are_refused(string name, string path)
    {
        // Half a surrogate pair does not survive in an attribute: two private characters stand for the halves.
        (name, path) = (Halves(name), Halves(path));
        byte[] body = Start("", "", 1);
        for (int i = 0; i < name.Length; i++)
            BitConverter.TryWriteBytes(body.AsSpan(36 + 2 * i), name[i]);
        for (int i = 0; i < path.Length; i++)
            BitConverter.TryWriteBytes(body.AsSpan(556 + 2 * i), path[i]);
        Assert.Equal(IcStatus.InvalidArgument, _guest.Send(body));
        Assert.Equal(FileCopyOutcome.Refused, Last().Outcome);
        Assert.Equal(0, _shelf.Open);
        Assert.Equal(IcStatus.Fail, _guest.Send(Write(0, [1])));
    }

    [Fact]
    public void A_name_without_an_end_is_refused_and_one_unit_less_is_not()
    {
        Assert.Equal(IcStatus.InvalidArgument, _guest.Send(Start(new string('n', 260), "/", 1)));
        Assert.Equal(IcStatus.Success, _guest.Send(Start(new string('n', 259), "/", 1)));
    }

    [Fact]
    public void Pieces_may_come_in_any_order_and_twice()
    {
        _guest.Send(Start("f", "", 6));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(4, "ef"u8)));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(0, "ab"u8)));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(1, "bcde"u8)));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(6, [])));
        Assert.Equal(IcStatus.Success, _guest.Send(Complete));
        Assert.Equal("abcdef"u8.ToArray(), _shelf.Files["f"]);
    }

    [Fact]
    public void A_file_with_a_hole_is_not_completed()
    {
        _guest.Send(Start("f", "", 6));
        _guest.Send(Write(0, "ab"u8));
        _guest.Send(Write(3, "def"u8));
        Assert.Equal(IcStatus.Fail, _guest.Send(Complete));
        RequireNothingLeft(FileCopyOutcome.Failed);
    }

    [Theory]
    [InlineData(0ul, 11, 11u)]
    [InlineData(10ul, 1, 1u)]
    [InlineData(11ul, 0, 0u)]
    [InlineData(ulong.MaxValue, 1, 1u)]
    [InlineData(ulong.MaxValue - 3, 8, 8u)]
    [InlineData(0ul, 4, 5u)]
    [InlineData(0ul, 4, uint.MaxValue)]
    public void A_piece_outside_the_file_or_its_message_ends_the_copy(ulong offset, int data, uint length)
    {
        _guest.Send(Start("f", "", 10));
        Assert.Equal(IcStatus.InvalidArgument, _guest.Send(Write(offset, new byte[data], length)));
        RequireNothingLeft(FileCopyOutcome.Failed);
        Assert.Equal(1, _guest.GetStatistics().Malformed);
        Assert.Equal(IcStatus.Fail, _guest.Send(Complete));
        Assert.Equal(IcStatus.Success, _guest.Send(Cancel));
    }

    [Fact]
    public void A_piece_larger_than_a_message_holds_is_refused()
    {
        _guest.Send(Start("f", "", 10_000));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(0, new byte[6144])));
        Assert.Equal(IcStatus.InvalidArgument, _guest.Send(Write(0, new byte[6145])));
    }

    [Fact]
    public void A_piece_cut_off_at_any_length_ends_the_copy_or_is_whole()
    {
        byte[] whole = Write(0, "abcdef"u8);
        for (int length = 0; length <= whole.Length; length++)
        {
            Assert.Equal(IcStatus.Success, _guest.Send(Start("f", "", 6)));
            IcStatus status = _guest.Send(whole[..length]);
            Assert.Equal(length == whole.Length ? IcStatus.Success : length < 52 ? IcStatus.Fail : IcStatus.InvalidArgument, status);

            // A message without the head of all is nothing that could end a copy.
            Assert.Equal(length is < 36 or 58 ? 1 : 0, _shelf.Open);
            _guest.Send(Cancel);
        }
        Assert.Equal(58, _guest.GetStatistics().Malformed);
    }

    [Fact]
    public void Holes_without_end_are_refused()
    {
        _guest.Send(Start("f", "", 1 << 20));
        for (uint i = 0; i < FileCopyCoverageLimit; i++)
            Assert.Equal(IcStatus.Success, _guest.Send(Write(2 * i, [1])));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(1, [1])));
        Assert.Equal(IcStatus.Success, _guest.Send(Write(1 << 19, [1])));
        Assert.Equal(IcStatus.Fail, _guest.Send(Write(1 << 18, [1])));
        RequireNothingLeft(FileCopyOutcome.Failed);
    }

    [Fact]
    public void A_second_start_is_refused_and_the_first_goes_on()
    {
        _guest.Send(Start("f", "", 1));
        Assert.Equal(IcStatus.Fail, _guest.Send(Start("g", "", 1)));
        Assert.Equal(1, _guest.GetStatistics().Refused);
        _guest.Send(Write(0, [7]));
        Assert.Equal(IcStatus.Success, _guest.Send(Complete));
        Assert.Equal(["f"], _shelf.Files.Keys);
    }

    [Fact]
    public void What_comes_without_a_start_is_refused_but_for_a_cancel()
    {
        Assert.Equal(IcStatus.Fail, _guest.Send(Write(0, [1])));
        Assert.Equal(IcStatus.Fail, _guest.Send(Complete));
        Assert.Equal(IcStatus.Success, _guest.Send(Cancel));
        Assert.Equal(IcStatus.NotSupported, _guest.Send(Bare(4)));
        Assert.Empty(_reports);
    }

    [Fact]
    public void A_file_too_large_is_refused_like_a_full_disk()
    {
        FileCopyGuest small = Guest(new FileCopyGuestOptions { MaxSize = 10 });
        Assert.Equal(IcStatus.DiskFull, small.Send(Start("f", "", 11)));
        Assert.Equal(IcStatus.Success, small.Send(Start("f", "", 10)));
        Assert.Equal(IcStatus.DiskFull, _guest.Send(Start("f", "", ulong.MaxValue)));
    }

    [Fact]
    public void What_the_target_says_is_answered_and_ends_the_copy()
    {
        _shelf.AtBegin = new FileCopyVerdict(IcStatus.AlreadyExists, "there");
        Assert.Equal(IcStatus.AlreadyExists, _guest.Send(Start("f", "", 1)));
        _shelf.AtBegin = default;
        _guest.Send(Start("f", "", 1));
        _shelf.AtWrite = new FileCopyVerdict(IcStatus.DiskFull, "full");
        Assert.Equal(IcStatus.DiskFull, _guest.Send(Write(0, [1])));
        RequireNothingLeft(FileCopyOutcome.Failed);
        Assert.Equal("full", _reports[^1].Verdict.Reason);
        _shelf.AtWrite = default;
        _guest.Send(Start("f", "", 0));
        _shelf.AtComplete = new FileCopyVerdict(IcStatus.AlreadyExists, "meanwhile");
        Assert.Equal(IcStatus.AlreadyExists, _guest.Send(Complete));
        RequireNothingLeft(FileCopyOutcome.Failed);
    }

    [Fact]
    public void A_host_that_stalls_loses_its_copy()
    {
        _guest.Send(Start("f", "", 9));
        _clock.Advance(TimeSpan.FromSeconds(59));
        _guest.DoWhatIsDue();
        _guest.Send(Write(0, [1]));
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(TimeSpan.FromSeconds(1), _guest.DueIn);
        _guest.DoWhatIsDue();
        Assert.Equal(1, _shelf.Open);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _guest.DoWhatIsDue();
        RequireNothingLeft(FileCopyOutcome.Stalled);
        Assert.Equal(Timeout.InfiniteTimeSpan, _guest.DueIn);

        // Also when nobody looked at the time before the next message.
        _guest.Send(Start("f", "", 9));
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(IcStatus.Fail, _guest.Send(Write(0, [1])));
        RequireNothingLeft(FileCopyOutcome.Stalled);
    }

    [Fact]
    public void A_copy_ends_with_its_channel_its_host_and_its_cancel()
    {
        _guest.Send(Start("f", "", 9));
        _guest.Send(Cancel);
        RequireNothingLeft(FileCopyOutcome.Cancelled);
        _guest.Send(Start("f", "", 9));
        _guest.Negotiated();
        RequireNothingLeft(FileCopyOutcome.Abandoned);
        _guest.Send(Start("f", "", 9));
        _guest.Close();
        RequireNothingLeft(FileCopyOutcome.Abandoned);
        int reports = _reports.Count;
        _guest.Close();
        Assert.Equal(reports, _reports.Count);
    }

    [Fact]
    public void Who_is_told_is_told_after_the_answer()
    {
        byte[] start = Conversation.Packet(IcMessageType.FileCopy, Start("", "", 1)), answer = new byte[start.Length];
        _guest.Handle(start, answer);
        Assert.Empty(_reports);
        _guest.AnswerSent();
        Assert.Single(_reports);
    }

    private const uint FileCopyCoverageLimit = 1024;

    internal static string Halves(string text) => text.Replace('\ue000', '\ud800').Replace('\ue001', '\udc00');

    private FileCopyGuest Guest(FileCopyGuestOptions options) => new FileCopyGuest(_shelf, options, _reports.Add).Negotiated();

    private (FileCopyOutcome Outcome, ulong Bytes, TimeSpan Duration) Last() => (_reports[^1].Outcome, _reports[^1].Bytes, _reports[^1].Duration);

    private void RequireNothingLeft(FileCopyOutcome outcome)
    {
        Assert.Equal(0, _shelf.Open);
        Assert.Empty(_shelf.Files);
        Assert.Null(_guest.Current);
        Assert.Equal(outcome, _reports[^1].Outcome);
    }
}
