using System.Buffers.Binary;
using FsCheck.Xunit;
using VmBus.Core.Tests.Protocol.Descriptions;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Recording;

/// <summary>What is recorded is what is read, up to the first byte that is missing or wrong.</summary>
public sealed class RecordingTests
{
    private const int HeaderSize = 32;
    private const int HeadSize = 32;

    private static readonly Observation[] Three =
    [
        new(true, 0, 0, 0, ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact { VersionRequested = ProtocolVersion.Copper }), 0),
        new(false, 0, 0, 0, ChannelMessages.ToBytes(ChannelMessageType.VersionResponse, new VersionResponse { VersionSupported = 1, ConnectionId = 4 }), 1234),
        new(true, 0, 0x60000, 4, ChannelMessages.ToBytes(ChannelMessageType.RequestOffers), 567),
    ];

    [Property(MaxTest = 500, Arbitrary = [typeof(Observation)])]
    public void What_was_observed_is_what_is_read(Observation[] observations)
    {
        byte[] file = Observation.Record(observations);
        Assert.Equal(HeaderSize + observations.Sum(one => HeadSize + Math.Min(one.Bytes.Length, RecordedMessage.MaxLength)), file.Length);
        using var reader = new ConversationReader(new MemoryStream(file));
        long time = 0;
        foreach (Observation one in observations)
        {
            time += one.Pause;
            Assert.True(reader.TryRead(out RecordedMessage read));
            Assert.True(one.IsSame(read, time), $"{one} read as {read}");
        }

        Assert.False(reader.TryRead(out _));
        Assert.Equal(StepClock.Start, reader.Start);
        Assert.Equal((file.Length, 0), (reader.Position, reader.Leftover));
    }

    [Fact]
    public void A_file_cut_at_any_byte_reads_up_to_its_last_whole_record()
    {
        byte[] file = Observation.Record(Three);
        for (int length = 0; length <= file.Length; length++)
        {
            using var reader = new ConversationReader(new MemoryStream(file, 0, length));
            int whole = 0;
            int at = HeaderSize;
            while (whole < Three.Length && at + HeadSize + Three[whole].Bytes.Length <= length)
                at += HeadSize + Three[whole++].Bytes.Length;
            Assert.Equal(whole, reader.ReadToEnd().Count());
            int begun = length < HeaderSize ? length : length - at;
            Assert.Equal((length >= HeaderSize, begun, length - begun), (reader.Start is not null, reader.Leftover, (int)reader.Position));
        }
    }

    [Property(MaxTest = 2000, Arbitrary = [typeof(Observation)])]
    public void A_damaged_file_reads_as_it_was_up_to_the_damage_and_then_ends_or_says_where(Observation[] observations, (byte Where, byte Place, byte Mask)[] damage)
    {
        byte[] file = Observation.Record(observations);
        foreach ((byte where, byte place, byte mask) in damage.Take(3))
        {
            // Mostly behind the head of the file, or nothing behind it would be looked at.
            int spared = where % 8 == 0 || file.Length == HeaderSize ? 0 : HeaderSize;
            file[spared + (((where * 256) + place) % (file.Length - spared))] ^= mask;
        }

        using var reader = new ConversationReader(new MemoryStream(file));
        int read = 0;
        long time = 0;
        try
        {
            while (reader.TryRead(out RecordedMessage message))
            {
                time += observations[read].Pause;
                Assert.True(observations[read].IsSame(message, time), $"message {read} was read as {message}");
                read++;
            }

            // A length that grew at the end of a file cannot be told from a cut.
            Assert.True(read == observations.Length || reader.Leftover > 0, $"{read} of {observations.Length} messages, and no word of the others");
        }
        catch (RecordingCorruptException e)
        {
            Assert.InRange(e.Offset, reader.Position, file.Length);
            Assert.Equal(e, Assert.Throws<RecordingCorruptException>(() => reader.TryRead(out _)));
        }
    }

    [Property(MaxTest = 2000)]
    public void Bytes_that_are_no_recording_are_refused(byte[] bytes)
    {
        using var reader = new ConversationReader(new MemoryStream(bytes));
        if (bytes.Length == 0)
            Assert.False(reader.TryRead(out _));
        else if (bytes[0] != 'V')
            Assert.Equal(RecordingFault.NotARecording, Assert.Throws<RecordingCorruptException>(() => reader.TryRead(out _)).Fault);
    }

    [Theory]
    [InlineData(0, 1, 'X', RecordingFault.NotARecording, 0)]
    [InlineData(8, 4, 2, RecordingFault.UnknownVersion, 8)]
    [InlineData(12, 4, 1, RecordingFault.ReservedNotZero, 12)]
    [InlineData(24, 4, 1, RecordingFault.ReservedNotZero, 24)]
    [InlineData(16, 8, -1, RecordingFault.ImpossibleStart, 16)]
    [InlineData(16, 8, 3155378976000000000, RecordingFault.ImpossibleStart, 16)]
    [InlineData(32 + 4, 2, 1025, RecordingFault.LengthOverLimit, 32 + 4)]
    [InlineData(32 + 6, 1, 2, RecordingFault.UnknownDirection, 32 + 6)]
    [InlineData(32 + 7, 1, 12, RecordingFault.UnknownMessageFault, 32 + 7)]
    [InlineData(32 + 8, 8, -1, RecordingFault.ImpossibleTime, 32 + 8)]
    [InlineData(32 + 24, 4, 39, RecordingFault.LengthsDisagree, 32 + 24)]
    [InlineData(32 + 24, 4, 41, RecordingFault.LengthsDisagree, 32 + 24)]
    [InlineData(32 + 24, 4, -1, RecordingFault.LengthsDisagree, 32 + 24)]
    [InlineData(32 + 28, 4, 1, RecordingFault.ReservedNotZero, 32 + 28)]
    internal void A_field_that_lies_is_named_with_its_place_though_the_checksum_is_right(int offset, int size, long value, RecordingFault fault, long place)
    {
        byte[] file = Observation.Record(Three[..1]);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        bytes[..size].CopyTo(file.AsSpan(offset));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(28), Crc32C(file.AsSpan(0, 28)));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(HeaderSize), Crc32C(file.AsSpan(HeaderSize + 4)));
        using var reader = new ConversationReader(new MemoryStream(file));
        var e = Assert.Throws<RecordingCorruptException>(() => reader.TryRead(out _));
        Assert.Equal((fault, place), (e.Fault, e.Offset));
    }

    [Fact]
    public void Time_never_goes_back_in_a_recording()
    {
        var clock = new StepClock();
        using var stream = new MemoryStream();
        using var recorder = new ConversationRecorder(stream, clock, leaveOpen: true);
        foreach (long pause in (ReadOnlySpan<long>)[10, -7, 3, -1000, 2000])
        {
            clock.Advance(pause);
            recorder.Observe(MessageDirection.GuestToHost, [1, 2, 3], default, MessageFault.TooShort);
        }

        stream.Position = 0;
        using var reader = new ConversationReader(stream);
        Assert.Equal([10L, 10, 10, 10, 1006], reader.ReadToEnd().Select(message => message.Time.Ticks));
    }

    [Fact]
    public void Two_records_out_of_order_are_refused()
    {
        byte[] file = Observation.Record(Three);
        int first = HeadSize + Three[0].Bytes.Length, second = HeadSize + Three[1].Bytes.Length;
        byte[] swapped = [.. file[..HeaderSize], .. file[(HeaderSize + first)..(HeaderSize + first + second)], .. file[HeaderSize..(HeaderSize + first)]];
        using var reader = new ConversationReader(new MemoryStream(swapped));
        Assert.True(reader.TryRead(out _));
        var e = Assert.Throws<RecordingCorruptException>(() => reader.TryRead(out _));
        Assert.Equal((RecordingFault.ImpossibleTime, HeaderSize + second + 8L), (e.Fault, e.Offset));
    }

    [Fact]
    public void A_file_that_grows_is_followed_from_where_it_ended()
    {
        byte[] file = Observation.Record(Three);
        using var growing = new MemoryStream();
        using var reader = new ConversationReader(growing);
        int read = 0;
        for (int length = 0; length < file.Length; length++)
        {
            growing.Position = length;
            growing.WriteByte(file[length]);
            growing.Position = length;
            while (reader.TryRead(out RecordedMessage message))
                Assert.True(Three[read++].Bytes.AsSpan().SequenceEqual(message.Bytes.Span));
        }

        Assert.Equal((Three.Length, 0), (read, reader.Leftover));
    }

    [Fact]
    public void A_recording_is_byte_for_byte_what_version_1_wrote_and_reads_so()
    {
        using Stream stream = typeof(RecordingTests).Assembly.GetManifestResourceStream("corpus/recording/seed-file")!;
        byte[] kept = new byte[stream.Length];
        stream.ReadExactly(kept);
        Assert.Equal(kept[1..], HandMadeConversation.Recording());
        using var reader = new ConversationReader(new MemoryStream(kept, 1, kept.Length - 1));
        foreach ((RecordedMessage made, RecordedMessage read) in HandMadeConversation.Messages.Zip(reader.ReadToEnd()))
        {
            Assert.Equal(made with { Bytes = default }, read with { Bytes = default });
            Assert.True(made.Bytes.Span.SequenceEqual(read.Bytes.Span));
        }

        Assert.Equal((kept.Length - 1, 0), (reader.Position, reader.Leftover));
    }

    [Fact]
    public void A_message_too_long_to_keep_says_how_long_it_was()
    {
        byte[] file = Observation.Record([new(true, (byte)MessageFault.TooLong, 0, 0, new byte[70_000], 0)]);
        using var reader = new ConversationReader(new MemoryStream(file));
        Assert.True(reader.TryRead(out RecordedMessage message));
        Assert.Equal((RecordedMessage.MaxLength, 70_000), (message.Bytes.Length, message.Length));
    }

    [Fact]
    public void A_recording_ends_at_its_greatest_length_and_counts_what_is_lost()
    {
        using var stream = new MemoryStream();
        using var recorder = new ConversationRecorder(stream, new StepClock(), HeaderSize + 2 * (HeadSize + 8) + HeadSize + 39);
        for (int i = 0; i < 3; i++)
            recorder.Observe(MessageDirection.GuestToHost, new byte[8], default, MessageFault.None);

        // One that would still fit would hide that another is missing before it.
        recorder.Observe(MessageDirection.GuestToHost, [], default, MessageFault.None);
        Assert.Equal((2, 2, stream.Length), (recorder.Recorded, recorder.Lost, recorder.Length));
        Assert.Null(recorder.Failure);
        Assert.Equal(HeaderSize + 2 * (HeadSize + 8) + HeadSize, stream.Length);
        stream.Position = 0;
        using var reader = new ConversationReader(stream);
        Assert.Equal(2, reader.ReadToEnd().Count());
        Assert.Equal((true, 0, stream.Length), (reader.IsAtLimit, reader.Leftover, reader.Position));
        Assert.False(reader.TryRead(out _));
    }

    // What a peer says has no end; the file has.
    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    [InlineData(4096)]
    public void No_recording_is_longer_than_it_may_be_whatever_a_peer_says(int limit)
    {
        using var stream = new MemoryStream();
        using var recorder = new ConversationRecorder(stream, new StepClock(), limit);
        for (int i = 0; i < 1000; i++)
            recorder.Observe(MessageDirection.GuestToHost, new byte[i % 300], default, MessageFault.None);
        Assert.InRange(stream.Length, HeaderSize + HeadSize, limit);
        Assert.Equal(1000, recorder.Recorded + recorder.Lost);
        stream.Position = 0;
        using var reader = new ConversationReader(stream);
        Assert.Equal(recorder.Recorded, reader.ReadToEnd().Count());
        Assert.True(reader.IsAtLimit);
    }

    [Fact]
    public void A_recording_that_ends_as_it_should_has_no_mark_and_a_mark_is_not_believed_blindly()
    {
        byte[] whole = Observation.Record([new(true, 0, 0, 0, new byte[8], 0)]);
        using (var reader = new ConversationReader(new MemoryStream(whole)))
        {
            Assert.Single(reader.ReadToEnd());
            Assert.False(reader.IsAtLimit);
        }

        using var stream = new MemoryStream();
        using var recorder = new ConversationRecorder(stream, new StepClock(), HeaderSize + HeadSize);
        recorder.Observe(MessageDirection.GuestToHost, new byte[8], default, MessageFault.None);
        foreach (int at in Enumerable.Range(HeaderSize, HeadSize))
        {
            byte[] damaged = stream.ToArray();
            damaged[at] ^= 1;
            using var reader = new ConversationReader(new MemoryStream(damaged));
            if (at is HeaderSize + 4 or HeaderSize + 5)
                Assert.True(Ended(reader));
            else
                Assert.Throws<RecordingCorruptException>(() => reader.TryRead(out _));
        }

        // A length that is damaged at the very end cannot be told from a cut.
        static bool Ended(ConversationReader reader)
        {
            try
            {
                return !reader.TryRead(out _) && !reader.IsAtLimit;
            }
            catch (RecordingCorruptException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void A_stream_that_fails_ends_the_recording_and_disturbs_nobody()
    {
        using var stream = new FullDisk(HeaderSize + HeadSize + 8);
        using var recorder = new ConversationRecorder(stream, new StepClock());
        for (int i = 0; i < 5; i++)
            recorder.Observe(MessageDirection.GuestToHost, new byte[8], default, MessageFault.None);
        Assert.Equal((1, 4), (recorder.Recorded, recorder.Lost));
        Assert.IsType<IOException>(recorder.Failure);
        recorder.Dispose();
        recorder.Observe(MessageDirection.GuestToHost, new byte[8], default, MessageFault.None);
        Assert.Equal(5, recorder.Lost);
    }

    [Fact]
    public async Task Threads_that_observe_at_once_leave_whole_records()
    {
        using var stream = new MemoryStream();
        using var recorder = new ConversationRecorder(stream, TimeProvider.System);
        Task[] threads = [.. Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 500; i++)
                recorder.Observe(MessageDirection.GuestToHost, [.. Enumerable.Repeat((byte)thread, i % 200)], default, MessageFault.None);
        }, TestContext.Current.CancellationToken))];
        await Task.WhenAll(threads);
        stream.Position = 0;
        using var reader = new ConversationReader(stream);
        RecordedMessage[] messages = [.. reader.ReadToEnd()];
        Assert.Equal(2000, messages.Length);
        for (int thread = 0; thread < 4; thread++)
        {
            IEnumerable<int> lengths = messages.Where(one => !one.Bytes.IsEmpty && one.Bytes.Span[0] == thread).Select(one => one.Length);
            Assert.Equal(Enumerable.Range(0, 500).Select(i => i % 200).Where(length => length > 0), lengths);
        }
    }

    // The bit-wise definition, not the processor's instruction.
    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
        }

        return ~crc;
    }

    private sealed class FullDisk(int room) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Length + buffer.Length > room)
                throw new IOException("No space left on device.");
            base.Write(buffer);
        }
    }
}
