namespace VmBus.Peers.Tests;

/// <summary>
/// Our code at one end and DPDK's at the other, every byte checked. An end that has nothing to do sleeps until the other
/// end's signal, so that a wrong decision on either side ends the test.
/// </summary>
public class TrafficTests
{
    private const PeerTrust Trusted = PeerTrust.Trusted;
    private const PeerTrust Untrusted = PeerTrust.Untrusted;

    // One way at a time too: where both flow, a signal for the one wakes an end that was forgotten by the other.
    [Theory]
    [InlineData(1, true, Trusted, 500_000, 500_000)]
    [InlineData(32, false, Untrusted, 500_000, 500_000)]
    [InlineData(1, true, Trusted, 500_000, 0)]
    [InlineData(32, false, Trusted, 500_000, 0)]
    [InlineData(1, false, Untrusted, 0, 500_000)]
    [InlineData(32, true, Trusted, 0, 500_000)]
    public void One_thread_carries_packets_whatever_happens_between_two_steps(int burst, bool doubleMapped, PeerTrust trust, int fromUs, int fromDpdk)
    {
        using var pair = new ChannelPair(8192, doubleMapped, burst, trust, fromUs, fromDpdk);
        var random = new Random(burst);
        int roundsWithoutStep = 0;
        while (!pair.Ours.IsOver || !pair.Dpdks.IsOver)
        {
            if (roundsWithoutStep++ == 1000)
                Assert.Fail($"Both sides sleep: {pair.Describe()}.");

            // Runs of one side, so that rings fill up and empty.
            Conversation side = random.Next(2) == 0 ? pair.Ours : pair.Dpdks;
            for (int steps = random.Next(random.Next(2) == 0 ? 4 : 200); steps > 0; steps--)
            {
                if (!side.Advance())
                    break;
                roundsWithoutStep = 0;
            }
        }

        Report(fromUs + fromDpdk, "one thread", pair.Ours.Slept + pair.Dpdks.Slept);
    }

    [Theory]
    [InlineData(1, 262144, true, 1_500_000)]
    [InlineData(32, 65536, true, 1_000_000)]
    [InlineData(32, 4096, false, 100_000)]
    public void DPDK_reads_what_we_write(int burst, int dataSize, bool doubleMapped, int packets)
        => TwoThreads(burst, dataSize, doubleMapped, Trusted, fromUs: packets, fromDpdk: 0);

    [Theory]
    [InlineData(1, 262144, true, Trusted, 1_500_000)]
    [InlineData(32, 65536, true, Untrusted, 1_000_000)]
    [InlineData(32, 16384, false, Trusted, 200_000)]
    [InlineData(1, 4096, false, Untrusted, 100_000)]
    public void We_read_what_DPDK_writes(int burst, int dataSize, bool doubleMapped, PeerTrust trust, int packets)
        => TwoThreads(burst, dataSize, doubleMapped, trust, fromUs: 0, fromDpdk: packets);

    [Theory]
    [InlineData(1, 262144, true, Trusted)]
    [InlineData(32, 65536, true, Untrusted)]
    public void Both_directions_at_once_between_two_threads(int burst, int dataSize, bool doubleMapped, PeerTrust trust)
        => TwoThreads(burst, dataSize, doubleMapped, trust, fromUs: 500_000, fromDpdk: 500_000);

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    public void Both_directions_at_once_between_two_processes(int burst)
    {
        const int Packets = 500_000;
        _ = Dpdk.Library;
        long slept = PeerProcess.Converse(burst, 262144, Packets);
        Report(2 * Packets, "two processes", slept);
    }

    private static void TwoThreads(int burst, int dataSize, bool doubleMapped, PeerTrust trust, int fromUs, int fromDpdk)
    {
        using var pair = new ChannelPair(dataSize, doubleMapped, burst, trust, fromUs, fromDpdk);
        TwoSides.Run(
            failed => pair.Ours.Run(pair.Describe, failed),
            failed => pair.Dpdks.Run(pair.Describe, failed));
        Report(fromUs + fromDpdk, "two threads", pair.Ours.Slept + pair.Dpdks.Slept);
    }

    private static void Report(long packets, string how, long slept)
        => TestContext.Current.TestOutputHelper!.WriteLine($"{packets:N0} packets, {how}, every payload checked; {slept:N0} sleeps ended by a signal.");
}
