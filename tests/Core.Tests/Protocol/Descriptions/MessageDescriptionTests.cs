using System.Text;
using FsCheck.Xunit;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Descriptions;

/// <summary>What each message says, and that any bytes at all say something.</summary>
public sealed class MessageDescriptionTests
{
    [Fact]
    public void A_conversation_with_every_message_reads_as_the_golden_text()
    {
        var describer = new MessageDescriber();
        var text = new StringBuilder();
        foreach (RecordedMessage message in HandMadeConversation.Messages)
        {
            MessageDescription described = describer.Describe(message);
            text.Append($"{(message.Direction == MessageDirection.GuestToHost ? ">" : "<")} {described}\n    {described.LinuxName ?? "(not in Linux)"}, {described.Length} bytes\n");
            foreach (MessageField one in described.Fields)
                text.Append($"    {one.Name}: {one.Text}{(one.Number is null ? "" : $" #{one.Number}")}\n");
        }

        // Run with VMBUS_WRITE_GOLDEN=folder to write it again, then look at the difference.
        if (Environment.GetEnvironmentVariable("VMBUS_WRITE_GOLDEN") is { Length: > 0 } folder)
            File.WriteAllText(Path.Combine(folder, "conversation.txt"), text.ToString());
        Assert.Equal(Golden(), text.ToString(), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void The_golden_conversation_has_every_message()
    {
        var sent = HandMadeConversation.Messages.Where(one => one.Fault == MessageFault.None).ToLookup(one => MessageDescription.Of(one.Bytes.Span, one.Negotiated).Type);
        foreach (ChannelMessageRule rule in ChannelMessages.All)
        {
            Assert.True(sent.Contains(rule.Type), $"{rule.Type} is not in the conversation");
            Assert.All(sent[rule.Type], one => Assert.Equal(rule.Direction, one.Direction));
            Assert.All(sent[rule.Type], one => Assert.Equal(MessageFault.None, ChannelMessages.Check(one.Bytes.Span, one.Direction, one.Negotiated, out _)));
        }
    }

    // What every Linux posts, at every version: vmbus_channel_tl_connect_request without a silo.
    [Theory]
    [InlineData(5, 1)]
    [InlineData(5, 2)]
    [InlineData(6, 0)]
    public void A_socket_request_of_40_bytes_is_whole(ushort major, ushort minor)
    {
        RecordedMessage silo = HandMadeConversation.Messages.First(one => one.Fault == MessageFault.None && MessageDescription.Of(one.Bytes.Span, one.Negotiated).Type == ChannelMessageType.TlConnectRequest);
        MessageDescription described = MessageDescription.Of(silo.Bytes.Span[..40], new NegotiatedVersion(new ProtocolVersion(major, minor), FeatureFlags.None));
        Assert.Null(described.Problem);
        Assert.DoesNotContain(described.Fields, one => one.Name is "silo_id" or "cut" or "trailing");
    }

    [Fact]
    public void A_message_cut_at_any_byte_tells_no_field_it_does_not_have_and_says_it_is_cut()
    {
        foreach (RecordedMessage message in HandMadeConversation.Messages.Where(one => one.Fault == MessageFault.None))
        {
            MessageDescription whole = MessageDescription.Of(message.Bytes.Span, message.Negotiated);
            int least = ChannelMessages.Rule(whole.Type!.Value)!.MinimumLength(message.Negotiated);
            for (int length = 0; length < message.Length; length++)
            {
                MessageDescription cut = MessageDescription.Of(message.Bytes.Span[..length], message.Negotiated);
                Assert.Equal(length < 4 ? null : whole.Type, cut.Type);
                if (length < least)
                    Assert.Contains("ends", cut.Problem, StringComparison.Ordinal);
                IEnumerable<MessageField> told = cut.Fields.Where(one => one.Name is not ("cut" or "bytes" or "trailing" or "form" or "pages") && !one.Name.StartsWith("range_", StringComparison.Ordinal));
                Assert.All(told, one => Assert.Contains(one, whole.Fields));
                Assert.True(length < 8 || cut.Fields.Count <= whole.Fields.Count + 1);
            }
        }
    }

    [Property(MaxTest = 3000)]
    public void Any_bytes_are_described_in_few_printable_words(byte type, byte[] rest, byte version, byte features, byte fault, byte more)
    {
        byte[] message = [(byte)(type % 34), .. rest];
        var negotiated = new NegotiatedVersion(ProtocolVersion.Known.Append(default).ElementAt(version % 12), (FeatureFlags)features);
        MessageDescription described = MessageDescription.Of(message, negotiated, negotiated.Version, (MessageFault)(fault % 13), message.Length + more);
        string all = described + string.Concat(described.Fields.Select(one => one.Name + one.Text + one.Brief));
        Assert.All(all, letter => Assert.InRange(letter, ' ', '~'));
        Assert.InRange(all.Length, 1, 1000 + (message.Length * 12));
        Assert.Equal(described.Fields.Count, described.Fields.Select(one => one.Name).Distinct().Count());
    }

    [Fact]
    public void A_range_that_claims_the_whole_address_space_is_told_by_the_pages_it_brings()
    {
        byte[] message = [.. ChannelMessages.ToBytes(ChannelMessageType.GpadlHeader, new GpadlHeader { RangeBufferLength = 0xFFFF, RangeCount = 0xFFFF }), .. Enumerable.Repeat((byte)0xFF, 220)];
        MessageDescription described = MessageDescription.Of(message, new NegotiatedVersion(ProtocolVersion.Copper));
        MessageField range = Assert.Single(described.Fields, one => one.Name.StartsWith("range_0", StringComparison.Ordinal));
        Assert.StartsWith("4294967295 bytes from byte 4294967295 of 2097152 pages: page number 0xFFFFFFFFFFFFFFFF beyond any address", range.Text, StringComparison.Ordinal);
        Assert.EndsWith("(26 of 2097152 pages here)", range.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_of_devices_is_found_by_its_id_and_a_socket_service_by_its_port()
    {
        Assert.Equal(20, DeviceClass.Known.Count);
        Assert.All(DeviceClass.Known, one => Assert.Same(one, DeviceClass.Find(one.Id)));
        Assert.Equal(DeviceClass.Known.Count, DeviceClass.Known.Select(one => one.Name).Distinct().Count());
        Assert.Null(DeviceClass.Find(Guid.Empty));
        Assert.True(DeviceClass.TryGetSocketPort(new Guid("00000400-facb-11e6-bd58-64006a7986d3"), out uint port));
        Assert.Equal(1024u, port);
        Assert.False(DeviceClass.TryGetSocketPort(new Guid("80000000-facb-11e6-bd58-64006a7986d3"), out _));
        Assert.False(DeviceClass.TryGetSocketPort(DeviceClass.Scsi.Id, out _));
    }

    private static string Golden()
    {
        using Stream stream = typeof(MessageDescriptionTests).Assembly.GetManifestResourceStream("conversation.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
