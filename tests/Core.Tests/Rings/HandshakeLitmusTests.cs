using VmBus.Core.Tests.Channels;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>
/// The two handshakes that need a full fence on either side, thrown at each other again and again: at least one side
/// must see the other. Without a fence, or with the look before the store, both can miss.
/// </summary>
public class HandshakeLitmusTests
{
    [Fact]
    public void A_packet_published_while_the_reader_unmasks_is_seen_or_signalled()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        bool signalled = false, seen = false;
        Collide(
            episodes: 200_000,
            prepare: () =>
            {
                using IncomingBatch batch = reader.ReadBatch();
                while (batch.TryNext(out _))
                {
                }

                batch.Commit();
                reader.MaskInterrupt();
            },
            () => signalled = writer.TryWrite([], 0, PacketFlags.None, out SignalNeed need) && need == SignalNeed.Required,
            () => seen = reader.UnmaskInterrupt(),
            check: () => signalled || seen);
    }

    [Fact]
    public void Room_given_back_while_the_writer_asks_for_it_is_seen_or_signalled()
    {
        using var fixture = new RingFixture();
        OutgoingRing writer = fixture.Writer();
        IncomingRing reader = fixture.Reader();
        bool signalled = false, seen = false;
        Collide(
            episodes: 60_000,
            prepare: () =>
            {
                writer.CancelRoomRequest();
                while (writer.TryWrite(new byte[2000], 0, PacketFlags.None, out _))
                {
                }
            },
            () => seen = writer.RequestRoom(2000),
            () =>
            {
                using IncomingBatch batch = reader.ReadBatch();
                while (batch.TryNext(out _))
                {
                }

                signalled = batch.Commit();
            },
            check: () => signalled || seen);
    }

    /// <summary>Runs two actions on two threads at as nearly the same moment as can be, episode after episode.</summary>
    private static void Collide(int episodes, Action prepare, Action left, Action right, Func<bool> check)
    {
        long arrivals = 0;
        long done = 0;
        Workers.Run(() => Volatile.Read(ref done), () => $"{done} episodes", () => Run(first: true), () => Run(first: false));
        Assert.Equal(episodes, done);

        void Run(bool first)
        {
            var random = new Random(first ? 1 : 2);
            for (int i = 0; i < episodes; i++)
            {
                if (first)
                    prepare();
                Meet(4L * i + 2);
                Thread.SpinWait(random.Next(12));
                (first ? left : right)();
                Meet(4L * i + 4);
                if (!first)
                    continue;
                if (!check())
                    Assert.Fail($"Neither side saw the other in episode {i}.");
                done++;
            }
        }

        void Meet(long all)
        {
            Interlocked.Increment(ref arrivals);
            SpinWait spin = default;
            while (Volatile.Read(ref arrivals) < all)
            {
                // Long enough to stay together on two cores, and to go on when there is only one.
                if (spin.Count < 9)
                    Thread.SpinWait(4);
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }
    }
}
