using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Telemetry;

/// <summary>A channel of a machine in memory, whose device sends back what it is sent; and the attributes its metrics have.</summary>
internal sealed class ObservedChannel : IAsyncDisposable
{
    private readonly InMemoryMachine _machine;

    private ObservedChannel(InMemoryMachine machine, HostOffer offer, VmBusChannel channel)
    {
        _machine = machine;
        Offer = offer;
        Channel = channel;
    }

    public HostOffer Offer { get; }

    public VmBusChannel Channel { get; }

    public HostBus Host => _machine.Host;

    public string Instance => Offer.InterfaceInstance.ToString();

    public static async Task<ObservedChannel> OpenAsync(IChannelDevice? device = null)
    {
        var machine = new InMemoryMachine();
        try
        {
            var offer = new HostOffer(DeviceClass.FileCopy.Id, Guid.NewGuid());
            await machine.Host.OfferAsync(offer, device ?? new Devices.EchoDevice());
            return new ObservedChannel(machine, offer, await machine.OpenAsync(offer));
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends packets one by one, and takes the answer to each before the next.</summary>
    public async Task ExchangeAsync(int packets, int length)
    {
        byte[] payload = new byte[length];
        for (int i = 0; i < packets; i++)
        {
            await Channel.SendAsync(payload);
            Assert.True(await Channel.WaitToReadAsync());
            using ChannelReadBatch batch = Channel.ReadBatch();
            Assert.True(batch.TryNext(out _));
            batch.Commit();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await _machine.DisposeAsync();
    }
}
