using System.Net.NetworkInformation;
using VmBus.Devices.Tests.Disk;
using VmBus.Devices.Tests.Network;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Testing;

namespace VmBus.Devices.Tests.Laws;

/// <summary>Our own devices keep the laws that we give to others.</summary>
public class OwnDevicesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task The_echo_keeps_all_laws() => DeviceLaws.CheckAsync(
        new DeviceSubject(
            () => new EchoDevice(),
            DeviceSubject.Request(random => new byte[random.Next(1, 512)], (request, answer) => Assert.Equal((request.Length + 7) & ~7, answer.Length)))
        {
            Patience = Patience.Limit,
        },
        Token);

    [Fact]
    public Task A_disk_bears_a_hostile_guest() => BearsAsync(
        () =>
        {
            var controller = new ScsiController();
            controller.Attach(0, new MemoryDisk(2048));
            return controller;
        },
        ScsiController.Offer());

    [Fact]
    public Task A_network_adapter_bears_a_hostile_guest() => BearsAsync(
        () => new NetworkAdapter(MemoryLink.Pair().One, new PhysicalAddress([2, 0, 0, 0, 0, 1])), NetworkAdapter.Offer());

    [Theory]
    [InlineData(PipeMode.Byte)]
    [InlineData(PipeMode.Message)]
    public Task A_pipe_bears_a_hostile_guest(PipeMode mode) => BearsAsync(
        () => new PipeDevice(async (stream, closing) =>
        {
            byte[] buffer = new byte[4096];
            while (await stream.ReadAsync(buffer, closing) is var read && read > 0)
                await stream.WriteAsync(buffer.AsMemory(0, read), closing);
        }),
        PipeDevice.Offer(mode: mode),
        mayStopReading: true);

    // Their guests set them up over many messages; the tests beside this one do.
    private static Task BearsAsync(Func<IChannelDevice> create, HostOffer offer, bool mayStopReading = false) => DeviceLaws.BearsHostilityAsync(
        new DeviceSubject(create, (_, _, _) => Task.CompletedTask) { Offer = offer, MayStopReading = mayStopReading, Patience = TimeSpan.FromSeconds(20), HostileLives = 200 }, Token);
}
