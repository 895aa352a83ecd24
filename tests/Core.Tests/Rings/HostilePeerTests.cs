using System.Diagnostics;
using System.Runtime.InteropServices;
using FsCheck.Xunit;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>
/// Peers that write anything, before and while it is read: nothing but packets and <see cref="RingCorruptException"/>
/// comes of it, and no access leaves the ring (inaccessible pages lie around the mapped forms).
/// </summary>
public class HostilePeerTests
{
    /// <summary>Law: whatever the bytes of the ring are, reading ends in packets or in the documented error.</summary>
    [Property(MaxTest = 2000)]
    public void Random_bytes_are_packets_or_the_documented_error(RingForm form, PeerTrust trust, int seed)
    {
        using var fixture = new RingFixture(RingFixture.Here(form));
        var random = new Random(seed);
        random.NextBytes(fixture.Data);
        fixture.Control.ReadIndex = (uint)random.Next(520) * 8;
        fixture.Control.WriteIndex = (uint)random.Next(520) * 8;
        fixture.Control.PendingSendSize = (uint)random.Next();
        fixture.Control.FeatureBits = (uint)random.Next();
        DrainOnce(() => fixture.Reader(trust), random.Next(2) * 64);
    }

    /// <summary>The same, starting from sound packets of which a few bytes are changed: it gets past the first checks.</summary>
    [Property(MaxTest = 3000)]
    public void Sound_packets_with_a_few_changed_bytes_are_packets_or_the_documented_error(RingForm form, PeerTrust trust, int seed)
    {
        using var fixture = new RingFixture(RingFixture.Here(form));
        var random = new Random(seed);
        uint start = (uint)random.Next(512) * 8;
        OutgoingRing writer = fixture.StandAt(start).Writer();
        PacketSpec[] packets = PacketSpec.EachType(random.Next(60));
        do
        {
            // Most changes hit the heads, where they matter.
            int at = (int)((fixture.Control.WriteIndex + random.Next(64)) % 4096);
            if (!packets[random.Next(packets.Length)].TryWrite(writer))
                break;
            if (random.Next(3) == 0)
                fixture.Data[at] = random.Next(2) == 0 ? (byte)random.Next(12) : (byte)random.Next();
        }
        while (random.Next(30) != 0);
        DrainOnce(() => fixture.Reader(trust), random.Next(2) * 64);
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void A_writer_that_changes_everything_while_it_is_read_gets_no_further(RingForm form, PeerTrust trust)
    {
        using var fixture = new RingFixture(form);
        int packets = 0, faults = 0;
        using (Scribbling(fixture, static (fixture, random) => ScribbleAsWriter(fixture, random)))
        {
            for (Rounds rounds = new(); rounds.GoOn(packets > 100 && faults > 100);)
            {
                (int taken, bool fault) = DrainOnce(() => fixture.Reader(trust), maxPackets: 40);
                packets += taken;
                faults += fault ? 1 : 0;
            }
        }

        // Both must have been met, or the test means nothing.
        Assert.True(packets > 100 && faults > 100, $"{packets} packets, {faults} faults");
    }

    [Fact]
    public void A_copy_does_not_change_however_the_writer_scribbles()
    {
        using var fixture = new RingFixture();
        int packets = 0;
        using (Scribbling(fixture, static (fixture, random) => ScribbleAsWriter(fixture, random)))
        {
            for (Rounds rounds = new(); rounds.GoOn(packets > 100);)
            {
                try
                {
                    using IncomingBatch batch = fixture.Reader(PeerTrust.Untrusted).ReadBatch();
                    for (int i = 0; i < 40 && batch.TryNext(out RingPacket packet); i++)
                    {
                        byte[] payload = packet.Payload.ToArray(), header = packet.ExtendedHeader.ToArray();
                        CorruptionTests.Touch(packet);
                        Assert.Equal(payload, packet.Payload);
                        Assert.Equal(header, packet.ExtendedHeader);
                        packets++;
                    }
                }
                catch (RingCorruptException)
                {
                }
            }
        }

        Assert.True(packets > 100, $"{packets} packets");
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllForms), MemberType = typeof(RingFixture))]
    public void A_reader_that_changes_everything_while_it_is_written_to_gets_no_further(RingForm form)
    {
        using var fixture = new RingFixture(form);
        int written = 0, faults = 0;
        using (Scribbling(fixture, static (fixture, random) => ScribbleAsReader(fixture, random)))
        {
            PacketSpec[] packets = [.. PacketSpec.EachType(300), PacketSpec.InBand(1000), PacketSpec.InBand(0)];
            for (Rounds rounds = new(); rounds.GoOn(written > 100 && faults > 100);)
            {
                try
                {
                    OutgoingRing writer = fixture.Writer(multiProducer: rounds.Count % 2 == 0);
                    for (int i = 0; i < 20; i++)
                    {
                        if (packets[i % packets.Length].TryWrite(writer))
                            written++;
                        using (OutgoingBatch batch = writer.BeginBatch())
                        {
                            if (batch.TryReserve(i * 50, out Span<byte> payload))
                                payload.Fill((byte)i);
                            if (i % 3 != 0)
                                batch.Commit();
                        }

                        writer.RequestRoom(3000);
                    }
                }
                catch (RingCorruptException error)
                {
                    Assert.True(error.Fault is RingFault.ReadIndexOutOfRange or RingFault.ReadIndexMisaligned or RingFault.ReadIndexPassedWriter, error.Message);
                    faults++;
                }
            }
        }

        Assert.True(written > 100 && faults > 100, $"{written} packets, {faults} faults");
    }

    [Fact]
    public void Ranges_that_change_after_the_check_are_walked_no_further_than_their_header()
    {
        foreach (uint garbage in (uint[])[0, 3, 0x10, 0x1000, 0x7FFF_FFFF, 0x8000_0000, uint.MaxValue])
        {
            foreach (PacketSpec packet in PacketSpec.EachType(24).Where(p => p.GpaRanges.Length + p.TransferRanges.Length > 0))
            {
                using var fixture = new RingFixture();
                Assert.True(packet.TryWrite(fixture.Writer()));
                using IncomingBatch batch = fixture.Reader(PeerTrust.Trusted).ReadBatch();
                Assert.True(batch.TryNext(out RingPacket read));

                // All but the descriptor, which was read once; then only the count; then only the first range.
                Span<uint> words = MemoryMarshal.Cast<byte, uint>(fixture.Data)[4..(packet.RingLength / 4)];
                uint[] sound = words.ToArray();
                foreach ((int first, int count) in ((int, int)[])[(0, words.Length), (1, 1), (2, 1), (2, 2)])
                {
                    sound.CopyTo(words);
                    words.Slice(first, count).Fill(garbage);
                    CorruptionTests.Touch(read);
                }
            }
        }
    }

    [Property(MaxTest = 300)]
    public void Garbage_in_the_readers_words_costs_the_reader_only_its_own_signals(uint mask, uint pending, uint features)
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        fixture.Control.InterruptMask = mask;
        fixture.Control.PendingSendSize = pending;
        fixture.Control.FeatureBits = features;
        PacketSpec packet = PacketSpec.InBand(100, 1);
        Assert.True(packet.TryWrite(writer, out SignalNeed need));
        Assert.Equal(mask == 0 ? SignalNeed.Required : SignalNeed.Masked, need);
        OutgoingRingTests.AssertHolds(fixture.Reader(), [packet]);
    }

    /// <summary>A reader over whatever is there now, until the ring is empty, faulted, or enough was seen.</summary>
    private static (int Packets, bool Faulted) DrainOnce(Func<IncomingRing> open, int maxPackets = 0)
    {
        int packets = 0;
        try
        {
            IncomingRing reader = open();
            reader.MaskInterrupt();
            using (IncomingBatch batch = reader.ReadBatch())
            {
                while ((packets < maxPackets || maxPackets == 0) && batch.TryNext(out RingPacket packet))
                {
                    CorruptionTests.Touch(packet);
                    packets++;
                }

                batch.Commit();
            }

            reader.UnmaskInterrupt();
            reader.TryRead(new byte[128], out _, out _, out _);
            return (packets, false);
        }
        catch (RingCorruptException)
        {
            return (packets, true);
        }
    }

    private static void ScribbleAsWriter(RingFixture fixture, Random random)
    {
        Span<ushort> fields = MemoryMarshal.Cast<byte, ushort>(fixture.Data);
        for (int i = 0; i < 64; i++)
        {
            // Every 8th word or so a plausible descriptor, at a place where one is likely to be looked for.
            int at = random.Next(512) * 4;
            fields[at] = (ushort)random.Next(5, 12);
            fields[at + 1] = (ushort)random.Next(1, 6);
            fields[at + 2] = (ushort)random.Next(1, 20);
            fields[at + 3] = (ushort)random.Next(0, 2);
            fields[random.Next(fields.Length)] = (ushort)random.Next(0, 4);
        }

        Volatile.Write(ref fixture.Control.WriteIndex, (uint)random.Next(512) * 8 + (random.Next(20) == 0 ? 1u : 0));
        Volatile.Write(ref fixture.Control.PendingSendSize, (uint)random.Next());
    }

    private static void ScribbleAsReader(RingFixture fixture, Random random)
    {
        // Mostly what a reader could write, sometimes what none does.
        uint index = random.Next(8) == 0 ? (uint)random.Next() : fixture.Control.WriteIndex;
        Volatile.Write(ref fixture.Control.ReadIndex, index);
        Volatile.Write(ref fixture.Control.InterruptMask, (uint)random.Next());
        Volatile.Write(ref fixture.Control.PendingSendSize, (uint)random.Next());
        random.NextBytes(fixture.Data.Slice(random.Next(4000), 64));
    }

    /// <summary>Runs a scribbler on another thread until disposed.</summary>
    private static Stop Scribbling(RingFixture fixture, Action<RingFixture, Random> scribble)
    {
        var stop = new Stop();
        stop.Thread = new Thread(() =>
        {
            var random = new Random(12345);
            while (!stop.Requested)
                scribble(fixture, random);
        });
        stop.Thread.Start();
        return stop;
    }

    /// <summary>Counts rounds: as many as are wanted, and more until both outcomes were met, for as long as the tests have patience.</summary>
    private sealed class Rounds
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();

        public int Count { get; private set; }

        public bool GoOn(bool metBoth)
        {
            Count++;
            if (Count % 64 == 0)
                Thread.Yield();
            return Count <= 5000 || (!metBoth && _watch.Elapsed < Patience.Limit);
        }
    }

    private sealed class Stop : IDisposable
    {
        private volatile bool _requested;

        public bool Requested => _requested;

        public Thread? Thread { get; set; }

        public void Dispose()
        {
            _requested = true;
            Thread!.Join();
        }
    }
}
