using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using VmBus.Backends.Tests.Bus;
using VmBus.Devices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Pipes;
using VmBus.Protocol;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>A guest over the in-memory hypervisor, a pipe that its host offers, and a folder for the pipe's socket.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PipeFixture : IAsyncDisposable
{
    private readonly BusFixture _machine = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipe");
    private GuestBus? _bus;
    private GuestOffer? _offer;

    private PipeFixture()
    {
        Path = System.IO.Path.Combine(_folder.FullName, "guest");
        Relay = new PipeRelay(Path, Clock);
    }

    public string Path { get; }

    public PipeRelay Relay { get; }

    public FakeTimeProvider Clock { get; } = new();

    public OfferedChannel Offered { get; private set; } = null!;

    public static async Task<PipeFixture> StartAsync()
    {
        var fixture = new PipeFixture();
        fixture.Offered = await fixture._machine.Host.OfferAsync(PipeDevice.Offer(), fixture.Relay);
        fixture._bus = await fixture._machine.ConnectAsync();
        fixture._offer = Assert.Single(await fixture._bus.RequestOffersAsync(BusFixture.Token));
        return fixture;
    }

    public static async Task<T> Within<T>(Task<T> task) => await task.WaitAsync(Patience.Limit, BusFixture.Token);

    public static Task Within(Task task) => task.WaitAsync(Patience.Limit, BusFixture.Token);

    public static async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        for (long start = Environment.TickCount64; !condition(); await Task.Delay(1, BusFixture.Token))
            Assert.True(Environment.TickCount64 - start < Patience.Limit.TotalMilliseconds, otherwise);
    }

    /// <summary>Opens the pipe in the guest.</summary>
    /// <param name="ring">Bytes of each ring.</param>
    public async Task<(GuestChannel Channel, PipeStream Pipe)> OpenAsync(int ring = 64 << 10)
    {
        GuestChannel channel = await _bus!.OpenChannelAsync(_offer!, new GuestChannelOptions { OutgoingSize = ring, IncomingSize = ring }, BusFixture.Token);
        return (channel, new PipeStream(channel.Channel, _offer!.PipeMode!.Value, leaveOpen: true) { ReadTimeout = (int)Patience.Limit.TotalMilliseconds });
    }

    /// <summary>Connects a client.</summary>
    public async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await Within(socket.ConnectAsync(new UnixDomainSocketEndPoint(Path), BusFixture.Token).AsTask());
        return new NetworkStream(socket, ownsSocket: true);
    }

    public Task UntilClientAsync(bool isThere) => UntilAsync(() => Relay.Counts.IsConnected == isThere, isThere ? "no client is served" : "the client does not go");

    public async ValueTask DisposeAsync()
    {
        await _bus!.DisposeAsync();
        await _machine.DisposeAsync();
        Relay.Dispose();
        Assert.False(Relay.Counts.IsConnected);
        Assert.Empty(_folder.GetFileSystemInfos());
        _folder.Delete();
    }
}
