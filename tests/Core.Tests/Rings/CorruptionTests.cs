using System.Globalization;
using System.Runtime.CompilerServices;
using VmBus.Core.Tests.Signals;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>
/// Each impossible index, length, offset, type, flag and range count gets its exception, faults the channel for good,
/// and leads nowhere outside the ring: in the mapped forms an inaccessible page lies directly before and behind it.
/// </summary>
public class CorruptionTests
{
    private static readonly uint[] Places = [0, 2048, 3968, 4064, 4072, 4080, 4088];

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void An_impossible_packet_faults_the_channel_and_its_sound_neighbour_does_not(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        foreach (CorruptPacket packet in CorruptPacket.All)
        {
            foreach (uint at in Places)
            {
                using VmBusChannel channel = Reading(fixture.StandAt(at), trust, packet.MaxPacketLength);
                packet.Publish(fixture, at);
                Check(fixture, channel, packet.Name, packet.Fault, packet.Value, packet.Limit, at);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void An_impossible_packet_behind_a_sound_one_is_found_when_its_turn_comes(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        foreach (CorruptPacket packet in CorruptPacket.All.Where(p => p.Fault != RingFault.None && p.Published is null or < 4000))
        {
            foreach (uint at in Places)
            {
                using VmBusChannel channel = Reading(fixture.StandAt(at), trust, packet.MaxPacketLength);
                uint second = (at + 40) % 4096;
                PacketSpec sound = PacketSpec.InBand(16, 3);
                Assert.True(sound.TryWrite(fixture.Writer()));
                packet.Publish(fixture, second);
                using (ChannelReadBatch batch = channel.ReadBatch())
                {
                    Assert.True(batch.TryNext(out RingPacket first));
                    sound.AssertIs(first);
                    RingCorruptException error = Thrown(channel, static c => TakeAndDrop(c));
                    Assert.Equal((packet.Fault, second), (error.Fault, error.Index));
                    batch.Commit();
                }

                // What came before the fault was read, and may be given back.
                Assert.Equal(second, fixture.Control.ReadIndex);
                Assert.Equal(ChannelState.Faulted, channel.State);
            }
        }

        static void TakeAndDrop(VmBusChannel channel)
        {
            IncomingBatch batch = channel.Incoming.ReadBatch();
            batch.TryNext(out _);
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void An_impossible_write_index_faults_the_channel(RingForm form, PeerTrust trust)
    {
        foreach (CorruptIndex index in CorruptIndex.OfWriters)
        {
            foreach (bool byUnmasking in (bool[])[false, true])
            {
                using RingFixture fixture = new RingFixture(form).StandAt(CorruptIndex.Start);
                LayOutSmallestPackets(fixture);
                using VmBusChannel channel = Reading(fixture, trust);
                fixture.Control.WriteIndex = index.Index;
                Check(fixture, channel, $"write {index}", index.Fault, index.Value, index.Limit, CorruptIndex.Start,
                    byUnmasking ? static c => c.Incoming.UnmaskInterrupt() : static c => _ = c.Incoming.HasPackets);
            }

            using RingFixture late = new RingFixture(form).StandAt(CorruptIndex.Start);
            LayOutSmallestPackets(late);
            late.Control.WriteIndex = index.Index;
            CheckConstructor(() => late.Reader(trust), index.Fault, index.Value, index.Limit);
            if (index.Fault is RingFault.WriteIndexOutOfRange or RingFault.WriteIndexMisaligned)
                CheckConstructor(() => late.Writer(), index.Fault, index.Index, index.Limit);
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void An_impossible_read_index_faults_the_channel(RingForm form)
    {
        Action<VmBusChannel>[] ways =
        [
            static c => c.TrySend(new byte[2024]),
            static c => c.TrySend(OutgoingPacket.Completion(new byte[2024], 1)),
            static c => { using ChannelWriteBatch batch = c.BeginBatch(); batch.TryAdd(new byte[2024]); },
            static c => { using ChannelWriteBatch batch = c.BeginBatch(); batch.TryReserve(2024, out _); },
            static c => c.Outgoing.RequestRoom(2024),
            static c => c.WaitToWrite(2024, TimeSpan.Zero),
        ];
        foreach (CorruptIndex index in CorruptIndex.OfReaders)
        {
            foreach (Action<VmBusChannel> way in ways)
            {
                foreach (bool multi in (bool[])[false, true])
                {
                    using RingFixture fixture = new RingFixture(form).StandAt(CorruptIndex.Start);
                    using VmBusChannel channel = Writing(fixture, multi);
                    fixture.Control.ReadIndex = index.Index;
                    byte[] before = fixture.Data.ToArray();
                    if (index.Fault == RingFault.None)
                    {
                        way(channel);
                        Assert.Equal(ChannelState.Open, channel.State);
                        continue;
                    }

                    RingCorruptException error = Thrown(channel, way);
                    AssertIs(error, index.Fault, index.Index, index.Limit, CorruptIndex.Written, $"read {index}");
                    Assert.Equal(ChannelState.Faulted, channel.State);
                    Assert.Equal(before, fixture.Data);
                    Assert.Equal((CorruptIndex.Written, index.Index), (fixture.Control.WriteIndex, fixture.Control.ReadIndex));

                    // The peer mends its index: too late.
                    fixture.Control.ReadIndex = CorruptIndex.Written;
                    foreach (Action<VmBusChannel> again in ways)
                        AssertSame(error, Thrown(channel, again));
                    AssertSame(error, Thrown(channel, static c => c.TrySend([])));
                    AssertSame(error, channel.CorruptionError!);
                }
            }

            if (index.Fault is RingFault.ReadIndexOutOfRange or RingFault.ReadIndexMisaligned)
            {
                using RingFixture late = new RingFixture(form).StandAt(CorruptIndex.Start);
                late.Control.ReadIndex = index.Index;
                CheckConstructor(() => late.Writer(), index.Fault, index.Index, index.Limit);
                CheckConstructor(() => late.Reader(), index.Fault, index.Index, index.Limit);
            }
        }
    }

    [Fact]
    public void A_fault_in_the_middle_of_a_batch_publishes_none_of_it()
    {
        using RingFixture fixture = new RingFixture().StandAt(CorruptIndex.Start);
        using VmBusChannel channel = Writing(fixture, multiProducer: false);
        fixture.Control.ReadIndex = 4095;
        using (ChannelWriteBatch batch = channel.BeginBatch())
        {
            Assert.True(batch.TryAdd(new byte[8]));
            RingCorruptException error = Thrown(channel, static c => c.Outgoing.RequestRoom(8));
            Assert.Equal(RingFault.ReadIndexMisaligned, error.Fault);
            batch.Commit();
        }

        Assert.Equal(CorruptIndex.Written, fixture.Control.WriteIndex);
    }

    [Theory]
    [InlineData(PeerTrust.Trusted)]
    [InlineData(PeerTrust.Untrusted)]
    public void A_batch_that_met_a_fault_meets_it_again_though_the_packet_was_mended(PeerTrust trust)
    {
        using var fixture = new RingFixture();
        IncomingRing reader = fixture.Reader(trust);
        new CorruptPacket("flags") { Flags = 4 }.Publish(fixture, 0);
        IncomingBatch batch = reader.ReadBatch();
        for (int again = 0; again < 3; again++)
        {
            try
            {
                batch.TryNext(out _);
                Assert.Fail("The fault was forgotten.");
            }
            catch (RingCorruptException error)
            {
                AssertIs(error, RingFault.UnknownPacketFlags, 4, 1, 0, "a batch still open");
            }

            new CorruptPacket("sound").Publish(fixture, 0);
        }

        batch.Dispose();
    }

    [Fact]
    public void Every_fault_there_is_appears_above()
    {
        IEnumerable<RingFault> shown = CorruptPacket.All.Select(p => p.Fault)
            .Concat(CorruptIndex.OfWriters.Select(i => i.Fault))
            .Concat(CorruptIndex.OfReaders.Select(i => i.Fault))
            .Append(RingFault.WriteIndexPassedReader);      // it takes a batch: WriterPassesReaderTests
        Assert.Equal(Enum.GetValues<RingFault>().Order(), shown.Distinct().Order());
    }

    [Fact]
    public void Every_fault_tells_its_numbers_in_a_sentence_of_its_own()
    {
        string[] messages = [.. Enum.GetValues<RingFault>().Select(f => new RingCorruptException(f, 0x4321, 777, 9992).Message)];
        Assert.Equal(messages.Length, messages.Distinct().Count());
        foreach (string message in messages)
        {
            Assert.True(message.Contains("17185", StringComparison.Ordinal) || message.Contains("0x4321", StringComparison.Ordinal), message);
            Assert.EndsWith(".", message, StringComparison.Ordinal);
        }
    }

    /// <summary>Reads everything there is, then checks the fault (or its absence), that it lasts, and that nothing was written.</summary>
    private static void Check(
        RingFixture fixture, VmBusChannel channel, string what, RingFault fault, ulong value, ulong limit, uint index, Action<VmBusChannel>? way = null)
    {
        byte[] data = fixture.Data.ToArray();
        uint read = fixture.Control.ReadIndex, write = fixture.Control.WriteIndex;
        Assert.Equal(ChannelState.Open, channel.State);
        if (fault == RingFault.None)
        {
            using ChannelReadBatch batch = channel.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
                Touch(packet);
            batch.Commit();
            Assert.Equal(ChannelState.Open, channel.State);
            Assert.Null(channel.CorruptionError);
            Assert.Equal(fixture.Control.WriteIndex, fixture.Control.ReadIndex);
            return;
        }

        Action<VmBusChannel>[] ways =
        [
            static c => { using ChannelReadBatch batch = c.ReadBatch(); batch.TryNext(out _); },
            static c => c.Incoming.TryRead(new byte[8], out _, out _, out _),
        ];
        RingCorruptException error = Thrown(channel, way ?? ways[index % 16 / 8]);
        AssertIs(error, fault, value, limit, index, what);
        Assert.Equal(ChannelState.Faulted, channel.State);
        Assert.Equal((read, write), (fixture.Control.ReadIndex, fixture.Control.WriteIndex));
        Assert.Equal(data, fixture.Data);

        // The peer mends what it wrote: too late.
        new CorruptPacket("sound").Publish(fixture, index);
        Action<VmBusChannel>[] further =
        [
            .. ways,
            static c => _ = c.Incoming.HasPackets,
            static c => c.Incoming.UnmaskInterrupt(),
            static c => c.WaitToRead(TimeSpan.Zero),
            static c => c.WaitToReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult(),
        ];
        foreach (Action<VmBusChannel> again in further)
            AssertSame(error, Thrown(channel, again));
        AssertSame(error, channel.CorruptionError!);
        using (ChannelReadBatch empty = channel.ReadBatch())
            empty.Commit();
        Assert.Equal(read, fixture.Control.ReadIndex);
        Assert.Equal(default, channel.Incoming.GetStatistics());
    }

    private static void CheckConstructor(Func<object> make, RingFault fault, ulong value, ulong limit)
    {
        if (fault == RingFault.None)
        {
            make();
            return;
        }

        RingCorruptException error = Assert.Throws<RingCorruptException>(make);
        Assert.Equal((fault, value, limit), (error.Fault, error.Value, error.Limit));
    }

    /// <summary>Reads all a packet has to give.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static int Touch(in RingPacket packet)
    {
        int sum = 0;
        foreach (byte b in packet.Payload)
            sum += b;
        foreach (byte b in packet.ExtendedHeader)
            sum += b;
        if (packet.Type == PacketType.DataUsingGpaDirect)
        {
            foreach (GpaRangeList.Range range in packet.GpaRanges)
            {
                foreach (ulong page in range.PageNumbers)
                    sum += (int)page;
            }
        }
        else if (packet.Type == PacketType.DataUsingTransferPages)
        {
            sum += packet.TransferPageSetId;
            foreach (TransferPageRange range in packet.TransferPageRanges)
                sum += (int)range.ByteCount;
        }

        return sum;
    }

    /// <summary>Smallest packets from the start on: sound wherever the write index ends a whole number of them.</summary>
    private static void LayOutSmallestPackets(RingFixture fixture)
    {
        for (uint at = 0; at < 4080; at += 24)
            new CorruptPacket("smallest") { Length8 = 2 }.Publish(fixture, (CorruptIndex.Start + at) % 4096);
        fixture.Control.WriteIndex = CorruptIndex.Start;
    }

    private static VmBusChannel Reading(RingFixture fixture, PeerTrust trust, int maxPacketLength = 0)
    {
        IncomingRing incoming = fixture.Reader(trust, maxPacketLength);
        return Over(new RingFixture().Writer(), incoming);
    }

    private static VmBusChannel Writing(RingFixture fixture, bool multiProducer)
    {
        OutgoingRing outgoing = fixture.Writer(multiProducer);
        for (int i = 0; i < 3; i++)
            Assert.True(outgoing.TryWrite(new byte[1000], 0, PacketFlags.None, out _));
        fixture.Control.ReadIndex = CorruptIndex.LastRead;
        Assert.False(outgoing.RequestRoom(3000));
        outgoing.CancelRoomRequest();
        Assert.Equal(CorruptIndex.Written, fixture.Control.WriteIndex);
        return Over(outgoing, new RingFixture().Reader());
    }

    private static VmBusChannel Over(OutgoingRing outgoing, IncomingRing incoming)
    {
        var gate = new Gate();
        return new VmBusChannel(outgoing, incoming, new ChannelSignaler(new SignalBinding { ChildRelid = 1, Path = gate }), gate);
    }

    private static RingCorruptException Thrown(VmBusChannel channel, Action<VmBusChannel> way)
        => Assert.Throws<RingCorruptException>(() => way(channel));

    private static void AssertIs(RingCorruptException error, RingFault fault, ulong value, ulong limit, uint index, string what)
        => Assert.True((fault, value, limit, index) == (error.Fault, error.Value, error.Limit, error.Index),
            string.Create(CultureInfo.InvariantCulture, $"{what}: expected {(fault, value, limit, index)}, got {(error.Fault, error.Value, error.Limit, error.Index)}"));

    private static void AssertSame(RingCorruptException first, RingCorruptException again)
    {
        AssertIs(again, first.Fault, first.Value, first.Limit, first.Index, "a further call");
        Assert.Equal(first.Message, again.Message);
    }
}
