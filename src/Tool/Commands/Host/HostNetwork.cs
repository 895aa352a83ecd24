// The devices behind --device net=PATH and --device tap=NAME: a network adapter, and where its frames go.

using System.Net.NetworkInformation;
using System.Runtime.Versioning;
using VmBus.Devices;
using VmBus.Hosting;

namespace VmBus.Tool;

/// <summary>A network adapter of the guest. Dispose it when it is no longer offered.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostNetwork : IChannelDevice, IUnpluggable, IAsyncDisposable
{
    private readonly INetworkLink _link;
    private volatile bool _isPlugged = true;
    private volatile bool _isThere = true;
    private readonly NetworkAdapter _adapter;

    /// <summary>Makes an adapter.</summary>
    /// <param name="choice">What was asked for.</param>
    /// <param name="instance">The instance it is offered as, from which its address comes unless one was asked for.</param>
    /// <param name="notes">Where it tells of the other program.</param>
    /// <exception cref="ToolException">There is nothing to send frames to; the message says why.</exception>
    public HostNetwork(DeviceOffer choice, Guid instance, HostNotes notes)
    {
        _link = choice.IsTap ? new TapLink(choice.Argument!) : StreamLink.Connect(choice.Argument!);
        _adapter = new NetworkAdapter(_link, choice.Address ?? AddressOf(instance), new NetworkAdapterOptions { MaxMtu = choice.Mtu ?? DeviceOffer.DefaultMtu });
        if (_link is StreamLink stream)
        {
            stream.Changed = isUp =>
            {
                _isThere = isUp;
                _adapter.IsLinkUp = _isPlugged && isUp;
                notes.WriteAbout(choice.Title, $"{choice.Title}: the other end {(isUp ? "is there again" : "has gone")}");
            };
        }
    }

    /// <summary>Whether its cable is plugged in: its link is up then, while there is an other end.</summary>
    public bool IsPlugged
    {
        get => _isPlugged;
        set
        {
            _isPlugged = value;
            _adapter.IsLinkUp = value && _isThere;
        }
    }

    /// <inheritdoc/>
    public Task ServeAsync(DeviceContext context, CancellationToken closing) => _adapter.ServeAsync(context, closing);

    /// <inheritdoc/>
    public Task UnplugAsync(CancellationToken cancellationToken)
    {
        _isPlugged = false;
        return _adapter.UnplugAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_link is StreamLink stream)
            await stream.DisposeAsync().ConfigureAwait(false);
        else
            (_link as IDisposable)?.Dispose();
    }

    /// <summary>What has gone through.</summary>
    public override string ToString()
    {
        NetworkAdapterStatistics done = _adapter.Statistics;
        return $"{string.Join(':', Convert.ToHexString(_adapter.Address.GetAddressBytes()).Chunk(2).Select(pair => new string(pair).ToLowerInvariant()))}, link {(_adapter.IsLinkUp ? "up" : "down")}; "
            + $"{done.FramesSent} frames of {done.BytesSent} bytes from the guest, {done.FramesReceived} of {done.BytesReceived} to it, {done.FramesFiltered} not for it, {done.FramesLost} lost, {done.Rejected} refused";
    }

    // Microsoft's own range for virtual machines (00-15-5D), and the last bytes of the instance.
    private static PhysicalAddress AddressOf(Guid instance)
    {
        byte[] bytes = instance.ToByteArray();
        return new PhysicalAddress([0x00, 0x15, 0x5D, bytes[13], bytes[14], bytes[15]]);
    }
}
