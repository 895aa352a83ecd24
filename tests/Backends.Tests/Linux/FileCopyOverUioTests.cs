using System.Runtime.Versioning;
using System.Security.Cryptography;
using VmBus.Backends.Tests.Bus;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Integration;
using VmBus.Layout;
using VmBus.Linux;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Linux;

/// <summary>Files from our host's side to our guest's, on disk: over the in-memory machine and over a UIO device.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileCopyOverUioTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmbus-fcopy");
    private readonly FileCopyFolder _folder;
    private readonly List<FileCopyReport> _reports = [];

    public FileCopyOverUioTests() => _folder = FileCopyFolder.Open(_root.FullName);

    public void Dispose()
    {
        _folder.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Sixty_four_megabytes_arrive_through_a_machine()
    {
        await using var fixture = new BusFixture();
        var device = new IntegrationDevice<FileCopyHost>(() => new FileCopyHost());
        await fixture.Host.OfferAsync(FileCopyHost.Offer, device);
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = (await bus.RequestOffersAsync(BusFixture.Token)).Single(one => one.InterfaceType == IntegrationComponentIds.FileCopyInterface);
        await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
        Task serving = new IntegrationGuestService(channel.Channel, Guest()).RunAsync(BusFixture.Token);
        IntegrationHostService<FileCopyHost> host = await device.Running.WaitAsync(Patience.Limit, BusFixture.Token);

        byte[] bytes = RandomNumberGenerator.GetBytes(64 << 20);
        Task<FileCopyResult> copy = host.Use(one => one.CopyAsync(Request("big", bytes), new MemoryStream(bytes), null, BusFixture.Token));
        Assert.Equal(new FileCopyResult(IcStatus.Success, (ulong)bytes.Length), await copy.WaitAsync(Patience.Limit, BusFixture.Token));
        await using (FileStream file = File.OpenRead(At("big")))
            Assert.Equal(SHA256.HashData(bytes), await SHA256.HashDataAsync(file, BusFixture.Token));

        // Again, which is refused, and with leave to replace.
        Assert.Equal(IcStatus.AlreadyExists, (await host.Use(one => one.CopyAsync(Request("big", [1]), new MemoryStream([1]), null, BusFixture.Token)).WaitAsync(Patience.Limit, BusFixture.Token)).Status);
        Assert.Equal(IcStatus.Success, (await host.Use(one => one.CopyAsync(Request("big", [1], IcFileCopyFlags.Overwrite), new MemoryStream([1]), null, BusFixture.Token)).WaitAsync(Patience.Limit, BusFixture.Token)).Status);
        Assert.Equal([1], await File.ReadAllBytesAsync(At("big"), BusFixture.Token));
        await channel.CloseAsync();
        await serving.WaitAsync(Patience.Limit, BusFixture.Token);
        Assert.Single(Directory.GetFileSystemEntries(_root.FullName));
    }

    [Theory]
    [InlineData(0x2000)]
    [InlineData(0x4000)]
    [InlineData(0x11000)]
    public async Task A_file_arrives_over_a_device_with_rings_of_any_size(int ringBytes)
    {
        var kernel = new UioStandIn(monitorId: null, ringBytes, DeviceClass.FileCopy);
        using UioDevice device = kernel.Open(new VmBusDeviceOptions { Trust = PeerTrust.Untrusted });
        using var stop = new CancellationTokenSource();
        Background serving = Background.Run(() => Assert.ThrowsAny<OperationCanceledException>(() => new IntegrationGuestService(device.Primary.Channel, Guest()).Run(stop.Token)));
        var host = new IntegrationHostService<FileCopyHost>(kernel.Host.Channel, new FileCopyHost());
        Task hosting = host.RunAsync(stop.Token);

        // A ring of one page has no room for a whole piece, and says so instead of waiting for ever.
        byte[] bytes = RandomNumberGenerator.GetBytes(ringBytes < 0x4000 ? 1000 : 1 << 20);
        FileCopyResult result = await host.Use(one => one.CopyAsync(Request("f", bytes), new MemoryStream(bytes), null, stop.Token)).WaitAsync(Patience.Limit, CancellationToken.None);
        Assert.Equal(IcStatus.Success, result.Status);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(At("f"), CancellationToken.None));
        await stop.CancelAsync();
        serving.Join();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hosting.WaitAsync(Patience.Limit, CancellationToken.None));

        // Each answer finds an empty ring, so each is a signal; nothing else is.
        Assert.Equal(FileCopyOutcome.Completed, Assert.Single(_reports).Outcome);
        Assert.InRange(device.GetStatistics().Signals, 1, device.Primary.Channel.GetStatistics().Outgoing.Packets);
        kernel.Release();
    }

    [Fact]
    public async Task A_rescind_in_the_middle_leaves_nothing_of_the_file()
    {
        var kernel = new UioStandIn(monitorId: null, 0x4000, DeviceClass.FileCopy);
        using UioDevice device = kernel.Open(new VmBusDeviceOptions { Trust = PeerTrust.Untrusted });
        Background serving = Background.Run(() => new IntegrationGuestService(device.Primary.Channel, Guest()).Run(CancellationToken.None));
        using var stop = new CancellationTokenSource();
        var host = new IntegrationHostService<FileCopyHost>(kernel.Host.Channel, new FileCopyHost());
        Task hosting = host.RunAsync(stop.Token);
        var content = new StalledStream(20_000);
        Task<FileCopyResult> copy = host.Use(one => one.CopyAsync(new FileCopyRequest("f", "", 100_000), content, null, stop.Token));
        await content.Reached.WaitAsync(Patience.Limit, CancellationToken.None);
        kernel.Rescind();
        serving.Join();
        Assert.Equal(FileCopyOutcome.Abandoned, Assert.Single(_reports).Outcome);
        Assert.Empty(Directory.GetFileSystemEntries(_root.FullName));
        content.GoOn();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hosting.WaitAsync(Patience.Limit, CancellationToken.None));
        await Assert.ThrowsAnyAsync<Exception>(() => copy);
        kernel.Release();
    }

    private FileCopyGuest Guest() => new(_folder, ended: report =>
    {
        lock (_reports)
            _reports.Add(report);
    });

    private string At(string name) => Path.Combine(_root.FullName, name);

    private static FileCopyRequest Request(string name, byte[] bytes, IcFileCopyFlags flags = IcFileCopyFlags.None) => new(name, "", (ulong)bytes.Length, flags);

    /// <summary>Zeros, up to a point where it waits until it is told to go on, and ends then.</summary>
    private sealed class StalledStream(int at) : MemoryStream(new byte[at])
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _goOn = new();

        public Task Reached => _reached.Task;

        public void GoOn() => _goOn.Set();

        public override int Read(Span<byte> buffer)
        {
            if (Position + buffer.Length >= Length)
            {
                _reached.TrySetResult();
                _goOn.Wait(Patience.Limit);
            }

            return base.Read(buffer);
        }
    }
}
