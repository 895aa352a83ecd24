using VmBus.Hosting;
using VmBus.Protocol.Host;

namespace VmBus.Backends.Tests.Bus;

/// <summary>The library's echo, with its opens counted and refused on demand.</summary>
internal sealed class EchoDevice : IChannelDevice
{
    private readonly VmBus.Hosting.EchoDevice _echo = new();
    private int _opens;
    private int _serving;

    public static readonly Guid Class = new("c376c1c3-d276-48d2-90a9-c04748072c60");

    public bool AcceptsOpens { get; set; } = true;

    public int Opens => Volatile.Read(ref _opens);

    public int Serving => Volatile.Read(ref _serving);

    public HostOpenRequest? LastRequest { get; private set; }

    public static HostOffer Offer(int instance, bool monitored = true, ushort subchannel = 0) => new(Class, new Guid(instance, 0, 0, new byte[8]))
    {
        SubchannelIndex = subchannel,
        MonitorLatency = monitored ? TimeSpan.FromMicroseconds(100) : null,
    };

    public bool Accepts(HostOpenRequest request)
    {
        LastRequest = request;
        return AcceptsOpens;
    }

    public async Task ServeAsync(DeviceChannel channel, CancellationToken closing)
    {
        Interlocked.Increment(ref _opens);
        Interlocked.Increment(ref _serving);
        try
        {
            await _echo.ServeAsync(channel, closing);
        }
        finally
        {
            Interlocked.Decrement(ref _serving);
        }
    }
}
