using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>
/// Several threads write into one ring: DPDK's reserve without a lock and publish in order, ours take turns. Each
/// producer's packets arrive in its order, none lost, none torn.
/// </summary>
public class MultiProducerTests
{
    private const int Size = 65536;

    private readonly Traffic[] _traffic = [.. Enumerable.Range(10, 3).Select(seed => new Traffic(seed, Size - 32))];
    private readonly long[] _next = new long[3];

    [Theory]
    [InlineData(PeerTrust.Trusted)]
    [InlineData(PeerTrust.Untrusted)]
    public void We_read_what_DPDKs_producers_write(PeerTrust trust)
    {
        using var ring = new PeerRing(Size);
        using var doorbell = new Doorbell();
        using var theirs = new DpdkChannel(Dpdk.Library, ring.Dpdk, ring.Dpdk, doorbell.Address, Doorbell.MonitorId);
        var ours = new IncomingRing(ring.Memory, new IncomingRingOptions { Trust = trust });

        // Few: a producer of DPDK's spins without a pause for breath while another that reserved before it is off its core.
        Run(
            producers: 2, packets: 25_000,
            (payload, id) => theirs.SendAndSignal(6, payload, id, 0) == 0,
            () =>
            {
                using IncomingBatch batch = ours.ReadBatch();
                int taken = 0;
                for (; taken < 8 && batch.TryNext(out RingPacket packet); taken++)
                    Check(packet.Payload, packet.TransactionId);
                batch.Commit();
                return taken;
            });
    }

    [Fact]
    public void DPDK_reads_what_our_producers_write()
    {
        using var ring = new PeerRing(Size);
        using var doorbell = new Doorbell();
        using var theirs = new DpdkChannel(Dpdk.Library, ring.Dpdk, ring.Dpdk, doorbell.Address, Doorbell.MonitorId);
        var ours = new OutgoingRing(ring.Memory, new OutgoingRingOptions { MultiProducer = true });
        byte[] buffer = new byte[Size];
        Run(
            producers: 3, packets: 100_000,
            (payload, id) => ours.TryWrite(payload, id, PacketFlags.None, out _),
            () =>
            {
                if (theirs.Receive(buffer, out int length, out ulong id) != 0)
                    return 0;
                Check(buffer.AsSpan(0, length), id);
                return 1;
            });
    }

    private void Run(int producers, int packets, Func<ReadOnlySpan<byte>, ulong, bool> write, Func<int> read)
    {
        IEnumerable<Action<CancellationToken>> writers = Enumerable.Range(0, producers).Select(producer => (Action<CancellationToken>)(failed =>
        {
            var other = new OtherSide(failed);
            for (long number = 0; number < packets;)
            {
                ReadOnlySpan<byte> payload = _traffic[producer].Payload(number);
                if (write(payload, Id(producer, number)))
                {
                    number++;
                    other = new OtherSide(failed);
                    continue;
                }

                other.Wait(State);
            }
        }));
        TwoSides.Run(
        [
            failed =>
            {
                var other = new OtherSide(failed);
                for (long taken = 0; taken < producers * packets;)
                {
                    int now = read();
                    taken += now;
                    if (now == 0)
                        other.Wait(State);
                    else
                        other = new OtherSide(failed);
                }
            },
            .. writers,
        ]);

        Assert.All(_next.Take(producers), next => Assert.Equal(packets, next));
        TestContext.Current.TestOutputHelper!.WriteLine($"{producers * packets:N0} packets of {producers} producers, every payload checked.");
    }

    private static ulong Id(int producer, long number) => Traffic.TransactionId(number) ^ (ulong)producer << 62;

    private void Check(ReadOnlySpan<byte> payload, ulong id)
    {
        // The packet's own bytes say whose it is; the number is the next of that producer or nothing fits.
        for (int producer = 0; producer < _next.Length; producer++)
        {
            if (id == Id(producer, _next[producer]))
            {
                _traffic[producer].Check(_next[producer]++, payload, id ^ (ulong)producer << 62);
                return;
            }
        }

        Assert.Fail($"Id {id:x} is no producer's next: {State()}.");
    }

    private string State() => $"next of each producer {string.Join(", ", _next)}";
}
