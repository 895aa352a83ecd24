using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>Writers that go on where the reader has taken and not committed: the room there is not theirs.</summary>
public sealed class WriterPassesReaderTests
{
    private const int Size = 4096;
    private const int Total = 32;       // a packet of 8 bytes with its trailer

    public static TheoryData<RingForm, PeerTrust> All => RingFixture.AllFormsAndTrusts;

    // A batch that never commits took packets for as long as the writer went round.
    [Theory]
    [MemberData(nameof(All))]
    public void A_batch_ends_with_the_ring_however_fast_the_writer_goes_round(RingForm form, PeerTrust trust)
    {
        for (uint start = 0; start < Size; start += 8 * Total)
        {
            using RingFixture fixture = Filled(form).StandAt(start);
            IncomingRing reader = fixture.Reader(trust);
            IncomingBatch batch = reader.ReadBatch();
            int taken = 0;
            RingCorruptException? error = null;
            while (error is null && taken < 10 * Size / Total)
            {
                fixture.Control.WriteIndex = (start + (uint)(taken + 3) * Total) % Size;
                error = TakeAll(ref batch, ref taken);
            }

            Assert.NotNull(error);
            Assert.Equal((RingFault.WriteIndexPassedReader, start), (error.Fault, (uint)error.Limit));
            Assert.InRange(taken, Size / Total - 4, Size / Total - 1);
            Assert.NotNull(reader.CorruptionError);
        }
    }

    // Every place that a write index can have beside a batch: up to just before what is committed is the writer's.
    [Theory]
    [MemberData(nameof(All))]
    public void What_lies_up_to_the_committed_index_is_the_writers_and_nothing_beyond(RingForm form, PeerTrust trust)
    {
        const uint start = 20 * Total;
        const int batched = 10;
        for (uint next = 0; next < Size; next += Total)
        {
            using RingFixture fixture = Filled(form).StandAt(start);
            IncomingRing reader = fixture.Reader(trust);
            fixture.Control.WriteIndex = start + batched * Total;
            IncomingBatch batch = reader.ReadBatch();
            int taken = 0;
            Assert.Null(TakeAll(ref batch, ref taken));
            Assert.Equal(batched, taken);
            fixture.Control.WriteIndex = next;
            bool isTheWriters = (next + Size - start) % Size >= batched * Total;
            RingCorruptException? error = TakeAll(ref batch, ref taken);
            Assert.Equal(isTheWriters, error is null);
            Assert.Equal(isTheWriters ? (next + Size - start) % Size / Total : batched, (uint)taken);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_writer_may_go_round_as_often_as_the_reader_commits(RingForm form, PeerTrust trust)
    {
        using RingFixture fixture = Filled(form);
        IncomingRing reader = fixture.Reader(trust);
        int taken = 0;
        for (int round = 1; round <= 40; round++)
        {
            fixture.Control.WriteIndex = (uint)(round * 60 * Total % Size);
            IncomingBatch batch = reader.ReadBatch();
            Assert.Null(TakeAll(ref batch, ref taken));
            batch.Commit();
        }

        Assert.Equal(40 * 60, taken);
    }

    private static RingCorruptException? TakeAll(ref IncomingBatch batch, ref int taken)
    {
        try
        {
            while (batch.TryNext(out _))
                taken++;
            return null;
        }
        catch (RingCorruptException error)
        {
            return error;
        }
    }

    // A ring whose every place holds a packet.
    private static RingFixture Filled(RingForm form)
    {
        var fixture = new RingFixture(form, Size);
        for (int at = 0; at < Size; at += Total)
            BitConverter.TryWriteBytes(fixture.Data[at..], (ulong)PacketType.DataInBand | 2ul << 16 | 3ul << 32);
        return fixture;
    }
}
