using VmBus.Backends.Tests.Bus;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Hostile;

/// <summary>
/// A guest of two halves on one host: one echoes on its channel, the other does its worst. Whatever runs the guest, the
/// host lives, the channel echoes on, and nothing is left when the guest has gone.
/// </summary>
internal static class HostileGuestRun
{
    public static async Task RunAsync(int seed, int steps, IGuestPartition partition, IGuestPlatform platform, GuestMemory memory,
        Func<ulong, ulong, ulong> hypercall, Action<HostileGuest, Random>? beside = null)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}, {steps} steps");
        int pages = memory.AllocatedPages;
        var seen = new SeenMessages();
        var abused = new Bus.EchoDevice();
        var spared = new Bus.EchoDevice();
        await using var host = new HostBus(partition, new HostBusOptions { Observer = seen });
        await host.OfferAsync(Bus.EchoDevice.Offer(1), spared);
        await host.OfferAsync(Bus.EchoDevice.Offer(2), abused);
        await host.OfferAsync(Bus.EchoDevice.Offer(3, monitored: false), abused);
        await using (GuestBus bus = await GuestBus.ConnectAsync(platform, null, BusFixture.Token))
        {
            IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync(BusFixture.Token);
            GuestOffer mine = offers.Single(offer => offer.InterfaceInstance == Bus.EchoDevice.Offer(1).InterfaceInstance);
            await using GuestChannel channel = await bus.OpenChannelAsync(mine, new GuestChannelOptions { OutgoingSize = 8192, IncomingSize = 8192 }, BusFixture.Token);
            // The other half scribbles over the monitors of both.
            channel.Channel.SignalMode = SignalMode.LowLatency;
            (uint, uint)[] others = [.. offers.Where(offer => offer != mine).Select(offer => (offer.Relid, offer.ConnectionId))];
            Assert.Equal(2, others.Length);
            Assert.DoesNotContain(0ul, seen.MonitorPages);
            using var hostile = new HostileGuest(seed, platform, memory, hypercall, others, mine.Relid, seen.MonitorPages);
            var random = new Random(seed);
            for (int step = 0; step < steps; step++)
            {
                hostile.ReleasesRelids = step > steps * 9 / 10;
                hostile.Step();
                beside?.Invoke(hostile, random);
                // Services end on their own time: without a pause hardly a channel would close, and open again.
                if (step % 5 == 0)
                    await Task.Delay(1, BusFixture.Token);
                if (step % 200 != 0)
                    continue;
                await BusFixture.PingAsync(channel.Channel, 3);
                Assert.Null(host.Failure);
                Assert.Null(bus.Failure);
            }
            await BusFixture.PingAsync(channel.Channel, 20);
            Assert.Equal(1, spared.Opens);

            // Otherwise it was not hostile, or nobody met it.
            HostBusStatistics middle = await host.GetStatisticsAsync();
            TestContext.Current.TestOutputHelper?.WriteLine($"calls {hostile.Calls}, opened {abused.Opens} times, {middle}");
            Assert.InRange(hostile.Calls.Succeeded, steps / 10, hostile.Calls.Made - steps / 10);
            Assert.True(middle.Faults > steps / 20, $"only {middle.Faults} faults");
            Assert.True(middle.Refusals > steps / 100, $"only {middle.Refusals} refusals");
            Assert.True(abused.Opens > steps / 100, $"opened only {abused.Opens} times");
        }
        await host.ResetAsync();
        HostBusStatistics end = await host.GetStatisticsAsync();
        Assert.Null(host.Failure);
        Assert.Equal((0, 0, 0, 0L, 0), (end.Relids, end.Monitors, end.Gpadls, end.GpadlPages, end.OpenChannels));
        Assert.Equal((0, 0), (spared.Serving, abused.Serving));
        Assert.Equal((pages, 0), (memory.AllocatedPages, memory.MappedRings));
    }
}
