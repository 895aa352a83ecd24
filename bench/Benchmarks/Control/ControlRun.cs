// What a channel costs on the control path: offered, opened and closed, few channels or all there can be. Both ends run
// here, so a figure is both ends' CPU time, with every message between them.
//
//   dotnet run -c Release --project bench/Benchmarks -- control [--rounds 5]

using System.Globalization;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Benchmarks.Control;

/// <summary>The <c>control</c> verb.</summary>
internal static class ControlRun
{
    // Event flag 0 is no channel's, so 2048 flags make 2047 channels.
    private static readonly int[] Counts = [128, 512, HostProtocolOptions.ChannelLimit];

    /// <summary>Measures every count in turn, several times round, and prints the least of each: noise only adds.</summary>
    /// <param name="args">What follows the verb.</param>
    /// <param name="output">Gets the table.</param>
    /// <returns>0, or 2 when the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        int rounds = 5;
        if (args is not [] && !(args is ["--rounds", var count] && int.TryParse(count, CultureInfo.InvariantCulture, out rounds) && rounds > 0))
        {
            output.WriteLine($"Not understood: {string.Join(' ', args)}. control [--rounds N]");
            return 2;
        }

        var samples = new List<(int Count, string Kind, double[] Microseconds)>();
        await MeasureAsync(Counts[0], together: false).ConfigureAwait(false);    // the JIT's turn
        await MeasureAsync(Counts[0], together: true).ConfigureAwait(false);
        for (int round = 0; round < rounds; round++)
        {
            foreach (int channels in Counts)
            {
                samples.Add((channels, "one after the other", await MeasureAsync(channels, together: false).ConfigureAwait(false)));
                samples.Add((channels, "all at once", await MeasureAsync(channels, together: true).ConfigureAwait(false)));
            }
        }

        output.WriteLine(FormattableString.Invariant($"Microseconds of CPU time a channel, both ends, in memory; the least of {rounds} rounds."));
        output.WriteLine("opened               channels    offer     open    close   offer x    open x   close x");
        bool isLinear = true;
        foreach (string kind in (string[])["one after the other", "all at once"])
        {
            double[]? first = null;
            foreach (int channels in Counts)
            {
                double[][] here = [.. samples.Where(sample => sample.Count == channels && sample.Kind == kind).Select(sample => sample.Microseconds)];
                double[] least = [.. Enumerable.Range(0, 3).Select(step => here.Min(sample => sample[step]))];
                first ??= least;
                double[] growth = [.. least.Zip(first, (now, before) => now / before)];
                isLinear &= growth.All(factor => factor <= 2);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{kind,-20} {channels,8} {least[0],8:F1} {least[1],8:F1} {least[2],8:F1} {growth[0],9:F2} {growth[1],9:F2} {growth[2],9:F2}"));
            }
        }
        output.WriteLine(isLinear ? "A channel costs no more for their number (within a factor of 2)." : "A channel costs more the more there are.");
        return 0;
    }

    private static async Task<double[]> MeasureAsync(int channels, bool together)
    {
        var machine = new InMemoryMachine(new InMemoryMachineOptions
        {
            GuestMemorySize = (channels * 4L + 1024) * 4096,
            Hypervisor = new HypervisorOptions { SharedMemory = false },
            Host = new HostBusOptions { UnstickDelay = TimeSpan.Zero },
        });
        await using (machine.ConfigureAwait(false))
        {
            GuestBus bus = await machine.ConnectAsync().ConfigureAwait(false);
            await using (bus.ConfigureAwait(false))
            {
                TimeSpan start = Spent();
                for (int channel = 0; channel < channels; channel++)
                    await machine.Host.OfferAsync(new HostOffer(ClassId, new Guid(channel, 0, 0, new byte[8])), Idle.Instance).ConfigureAwait(false);
                IReadOnlyList<GuestOffer> offers = await bus.RequestOffersAsync().ConfigureAwait(false);
                TimeSpan offered = Spent();
                var options = new GuestChannelOptions { OutgoingSize = 4096, IncomingSize = 4096 };
                var open = new GuestChannel[channels];
                if (together)
                {
                    open = await Task.WhenAll(offers.Select(offer => bus.OpenChannelAsync(offer, options))).ConfigureAwait(false);
                }
                else
                {
                    for (int channel = 0; channel < channels; channel++)
                        open[channel] = await bus.OpenChannelAsync(offers[channel], options).ConfigureAwait(false);
                }
                TimeSpan opened = Spent();
                if (together)
                {
                    await Task.WhenAll(open.Select(channel => channel.CloseAsync())).ConfigureAwait(false);
                }
                else
                {
                    foreach (GuestChannel channel in open)
                        await channel.CloseAsync().ConfigureAwait(false);
                }
                TimeSpan closed = Spent();
                return [Each(start, offered), Each(offered, opened), Each(opened, closed)];
            }
        }

        double Each(TimeSpan from, TimeSpan to) => (to - from).TotalMicroseconds / channels;
    }

    // CPU time, not the clock's: what else the machine does is not in it.
    private static TimeSpan Spent() => Environment.CpuUsage.TotalTime;

    private static readonly Guid ClassId = new("8f1c4a35-52ab-4d9b-8b07-1c1d5e6f7a80");

    private sealed class Idle : IChannelDevice
    {
        public static readonly Idle Instance = new();

        public Task ServeAsync(DeviceContext channel, CancellationToken closing) => Task.Delay(Timeout.Infinite, closing);
    }
}
