using VmBus.Backends.Tests.Bus;
using VmBus.Hosting;
using VmBus.Integration;
using VmBus.Protocol;

namespace VmBus.Fuzz.Hostile;

/// <summary>The devices that a hostile guest finds: an echo, one that fails in every way, the integration components, sockets.</summary>
internal static class MoodyDevices
{
    public const int SocketsAtOnce = 8;

    /// <summary>Offers them.</summary>
    public static async Task OfferAsync(HostBus host)
    {
        await host.OfferAsync(EchoDevice.Offer(2), new EchoDevice());
        await host.OfferAsync(EchoDevice.Offer(3, monitored: false), new EchoDevice());
        await host.OfferAsync(EchoDevice.Offer(4, monitored: false), new Moody());
        await host.OfferAsync(HeartbeatHost.Offer, new IntegrationDevice<HeartbeatHost>(static () => new HeartbeatHost()));
        await host.OfferAsync(TimeSyncHost.Offer, new IntegrationDevice<TimeSyncHost>(static () => new TimeSyncHost()));
        await host.OfferAsync(ShutdownHost.Offer, new IntegrationDevice<ShutdownHost>(static () => new ShutdownHost()));
        await host.OfferAsync(KvpHost.Offer, new IntegrationDevice<KvpHost>(static () => new KvpHost()));
        await host.OfferAsync(VssHost.Offer, new IntegrationDevice<VssHost>(static () => new VssHost()));
        await host.OfferAsync(FileCopyHost.Offer, new IntegrationDevice<FileCopyHost>(static () => new FileCopyHost()));
    }

    // By turns: it throws when it is asked, throws when it serves, leaves at once, looks at its token late, and is a good echo.
    private sealed class Moody : IChannelDevice
    {
        private readonly EchoDevice _echo = new();
        private int _turn;

        public async ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken)
        {
            switch (Interlocked.Increment(ref _turn) % 8)
            {
                case 0:
                    throw new InvalidOperationException("in no mood to be asked");
                case 1:
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    return true;
                default:
                    return true;
            }
        }

        public async Task ServeAsync(DeviceContext channel, CancellationToken closing)
        {
            switch (Volatile.Read(ref _turn) % 8)
            {
                case 2:
                    throw new InvalidOperationException("in no mood to serve");
                case 3:
                    return;
                case 4:
                    // Longer than a service may.
                    await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
                    return;
                default:
                    await _echo.ServeAsync(channel, closing);
                    return;
            }
        }
    }

    /// <summary>Sockets: refused, forgotten, failed, or offered; and of those the oldest revoked when there are many.</summary>
    internal sealed class Sockets : IDisposable
    {
        private static readonly Guid Class = new("0a1b2c3d-0000-4000-8000-00000000cafe");

        private readonly Queue<OfferedChannel> _offered = new();
        private readonly SemaphoreSlim _one = new(1);
        private int _asked;

        public HostBus? Host { get; set; }

        public void Dispose() => _one.Dispose();

        public async ValueTask<bool> ConnectAsync(TransportRequest request, CancellationToken cancellationToken)
        {
            int turn = Interlocked.Increment(ref _asked);
            switch (turn % 4)
            {
                case 0:
                    throw new InvalidOperationException("no socket today");
                case 1:
                    return false;
                case 2:
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    return false;
                default:
                    await _one.WaitAsync(cancellationToken);
                    try
                    {
                        while (_offered.Count >= SocketsAtOnce)
                            await _offered.Dequeue().RevokeAsync().WaitAsync(cancellationToken);
                        _offered.Enqueue(await Host!.OfferAsync(new HostOffer(Class, new Guid(turn, 0, 0, new byte[8])), new EchoDevice()).WaitAsync(cancellationToken));
                        return true;
                    }
                    finally
                    {
                        _one.Release();
                    }
            }
        }
    }
}
