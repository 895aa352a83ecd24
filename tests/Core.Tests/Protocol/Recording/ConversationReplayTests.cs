using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Recording;

/// <summary>A recorded conversation, held again with one end played by somebody else.</summary>
public sealed class ConversationReplayTests
{
    // g is the guest's turn, h the host's; each message is its number.
    private static readonly RecordedMessage[] Messages =
        [.. "ghgghh".Select((turn, i) => RecordedMessage.Whole(
            TimeSpan.FromMilliseconds(i / 2 * 2), turn == 'g' ? MessageDirection.GuestToHost : MessageDirection.HostToGuest, default, new[] { (byte)i }))];

    [Theory]
    [InlineData(MessageDirection.HostToGuest, "e0 f1 +2 e2 e3 +2 f4 f5")]
    [InlineData(MessageDirection.GuestToHost, "f0 e1 +2 f2 f3 +2 e4 e5")]
    public void One_side_is_fed_and_the_other_expected_in_order(MessageDirection received, string expected)
    {
        var replay = new ConversationReplay(Messages, received);
        for (int run = 0; run < 2; run++)
        {
            List<string> steps = [];
            foreach (RecordedMessage message in replay.Run(fed => steps.Add($"f{fed.Bytes.Span[0]}"), passed => steps.Add($"+{passed.TotalMilliseconds}")))
                steps.Add($"e{message.Bytes.Span[0]}");
            Assert.Equal(expected, string.Join(' ', steps));
        }
    }

    [Fact]
    public void What_was_recorded_is_replayed_up_to_a_cut()
    {
        byte[] file = Observation.Record(Messages.Select(one => new Observation(one.Direction == MessageDirection.GuestToHost, 0, 0, 0, one.Bytes.ToArray(), 1)));
        using var stream = new MemoryStream(file, 0, file.Length - 1);
        ConversationReplay replay = ConversationReplay.Read(stream);
        Assert.Equal([0, 1, 2, 3, 4], replay.Messages.Select(one => (int)one.Bytes.Span[0]));
        Assert.Equal([0, 2, 3], replay.Run(_ => { }).Select(one => (int)one.Bytes.Span[0]));
        stream.Position = 0;
        Assert.Equal(2, ConversationReplay.Read(stream, maxMessages: 2).Messages.Count);
    }
}
