using VmBus.Core.Tests.Channels;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>Several threads write one ring: nothing is lost or torn, each keeps its order, batches stay together.</summary>
public class MultiProducerTests
{
    private const int Producers = 4;
    private const int Each = 20_000;

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void Each_producers_packets_arrive_whole_and_in_its_order_and_batches_together(RingForm form)
    {
        using var fixture = new RingFixture(form, 8192);
        OutgoingRing writer = fixture.Writer(multiProducer: true);
        IncomingRing reader = fixture.Reader();
        long read = 0;
        long needed = 0;
        Action[] actions = [Read, .. Enumerable.Range(0, Producers).Select(p => (Action)(() => Produce(p)))];
        Workers.Run(() => Volatile.Read(ref read), () => $"{read} read, {writer.GetStatistics()}", actions);

        Assert.Equal(Producers * Each, read);
        OutgoingRingStatistics sent = writer.GetStatistics();
        Assert.Equal(needed, sent.Required);
        Assert.Equal((fixture.Control.WriteIndex, sent.Bytes), (fixture.Control.ReadIndex, reader.GetStatistics().Bytes));

        void Produce(int producer)
        {
            int number = 0;
            while (number < Each)
            {
                int written = 0;
                SignalNeed need = SignalNeed.Nothing;
                if (number % 5 == 0)
                {
                    // Three together: the reader checks that nobody's packet comes between.
                    using OutgoingBatch batch = writer.BeginBatch();
                    if (batch.TryAdd(Payload(producer, number), Id(producer, number, 3))
                        && batch.TryReserve(Payload(producer, number + 1).Length, out Span<byte> place, Id(producer, number + 1, 2)))
                    {
                        Payload(producer, number + 1).CopyTo(place);
                        if (batch.TryAdd(OutgoingPacket.Completion(Payload(producer, number + 2), Id(producer, number + 2, 1))))
                        {
                            need = batch.Commit();
                            written = 3;
                        }
                    }
                }
                else if (number % 5 == 3)
                {
                    written = writer.TryWrite(OutgoingPacket.Request(Payload(producer, number), Id(producer, number, 1)), out need) ? 1 : 0;
                }
                else
                {
                    written = writer.TryWrite(Payload(producer, number), Id(producer, number, 1), PacketFlags.None, out need) ? 1 : 0;
                }

                if (need == SignalNeed.Required)
                    Interlocked.Increment(ref needed);
                number += written;
                if (written == 0)
                    Thread.Yield();
            }
        }

        void Read()
        {
            int[] next = new int[Producers];
            int together = 0, last = 0;
            while (read < Producers * Each)
            {
                using IncomingBatch batch = reader.ReadBatch();
                int taken = 0;
                while (batch.TryNext(out RingPacket packet))
                {
                    int producer = (int)(packet.TransactionId >> 48);
                    int number = (int)(packet.TransactionId & 0xFFFF_FFFF);
                    int left = (int)(packet.TransactionId >> 32 & 0xFFFF);
                    if (number != next[producer] || (together > 0 && (producer != last || left != together)))
                        Assert.Fail($"Producer {producer}'s packet {number} came where {next[producer]} was due, {together} of {last}'s batch to come.");
                    ReadOnlySpan<byte> payload = Payload(producer, number);
                    if (!packet.Payload[..payload.Length].SequenceEqual(payload))
                        Assert.Fail($"Producer {producer}'s packet {number} is torn.");
                    next[producer]++;
                    last = producer;
                    together = left - 1;
                    taken++;
                }

                batch.Commit();
                Volatile.Write(ref read, read + taken);
                if (taken == 0)
                    Thread.Yield();
            }
        }
    }

    [Fact]
    public void A_batch_given_up_or_ended_by_an_error_lets_the_next_producer_in()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer(multiProducer: true);
        using (OutgoingBatch batch = writer.BeginBatch())
            Assert.True(batch.TryAdd([1]));
        Assert.Throws<ArgumentException>(() => writer.TryWrite(new byte[5000], 0, PacketFlags.None, out _));
        Assert.Throws<ArgumentException>(() => writer.TryWrite(default(OutgoingPacket), out _));
        Assert.Throws<ArgumentException>(() => writer.RequestRoom(5000));
        long done = 0;
        Workers.Run(() => done, () => "the ring is still held", () => Assert.True(writer.TryWrite([2], 2, PacketFlags.None, out _)));
        OutgoingRingTests.AssertHolds(fixture.Reader(), [PacketSpec.InBand(1, 2) with { Payload = [2] }]);
    }

    private static ReadOnlySpan<byte> Payload(int producer, int number) => Traffic.Payload(producer * 1_000_003L + number, 900);

    private static ulong Id(int producer, int number, int left) => (ulong)producer << 48 | (ulong)left << 32 | (uint)number;
}
