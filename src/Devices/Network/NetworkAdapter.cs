// A network adapter, as Hyper-V offers one. What Nic is to OpenVMM (netvsp); a guest's end is its driver netvsc (Linux
// drivers/net/hyperv).

using System.Net.NetworkInformation;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices;

/// <summary>
/// A network adapter for the driver of a stock guest: it carries Ethernet frames between the guest and an
/// <see cref="INetworkLink"/>. Offer it once; thread-safe.
/// </summary>
/// <remarks>
/// <para>A packet of the guest is completed when the link has accepted its frames. A link without room slows the guest down but
/// loses nothing. In the other direction, frames stay in the link while the guest provides no buffers for them.</para>
/// <para>It has no offloads (checksums, segmentation), and reports none to the guest.</para>
/// <para>It has one channel. When its bus is saved, <see cref="SaveState"/> holds the state that the guest needs; frames in
/// flight can be lost, as on any network.</para>
/// </remarks>
public sealed partial class NetworkAdapter : IChannelDevice
{
    /// <summary>The class of the adapter: <see cref="DeviceClass.Network"/>.</summary>
    public static readonly Guid InterfaceType = DeviceClass.Network.Id;

    /// <summary>The default instance.</summary>
    public static readonly Guid InterfaceInstance = new("0e700000-5c51-4b1e-9c06-5d2f6a8b9e00");

    // Longer than Linux takes to act on a change of the link after the one before it (LINKCHANGE_INT of netvsc_drv.c: 2 s).
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(2.5);

    private readonly byte[] _address;
    private NetworkState _state;
    private NetworkChannel? _serving;
    private volatile bool _isLinkUp;

    /// <summary>Creates an adapter.</summary>
    /// <param name="link">The link that carries its frames. The caller owns it.</param>
    /// <param name="address">Its address of 6 bytes; unique in its network.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The address is not a unicast address.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public NetworkAdapter(INetworkLink link, PhysicalAddress address, NetworkAdapterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(address);
        Options = options ?? new NetworkAdapterOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.MaxMtu, NetworkAdapterOptions.LeastMtu, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Options.MaxMtu, NetworkAdapterOptions.MostMtu, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.LinkSpeed, 100, nameof(options));
        _address = address.GetAddressBytes();
        if (!EthernetFrame.IsAdapter(_address))
            throw new ArgumentException($"An adapter's address has 6 bytes, and is unicast and not zero; this is {address}.", nameof(address));
        Link = link;
        _state = NewState();
        _isLinkUp = Options.IsLinkUp;
    }

    /// <summary>The offer of an adapter.</summary>
    /// <param name="monitorLatency">The latency of its monitor; <see langword="null"/> for none.</param>
    /// <param name="instance">The instance; <see langword="null"/> for <see cref="InterfaceInstance"/>.</param>
    public static HostOffer Offer(TimeSpan? monitorLatency = null, Guid? instance = null) =>
        new(InterfaceType, instance ?? InterfaceInstance) { Flags = OfferFlags.EnumerateDeviceInterface, MonitorLatency = monitorLatency };

    /// <summary>The adapter's address.</summary>
    public PhysicalAddress Address => new([.. _address]);

    /// <summary>Whether the link is up: the guest's carrier. A guest that has the adapter open is notified of a change.</summary>
    public bool IsLinkUp
    {
        get => _isLinkUp;
        set
        {
            if (_isLinkUp == value)
                return;
            _isLinkUp = value;
            Volatile.Read(ref _serving)?.TellLink();
        }
    }

    /// <summary>The counters.</summary>
    public NetworkAdapterStatistics Statistics => Counts.Snapshot();

    /// <summary>
    /// Sets the link down, and waits until the guest has stopped sending. Do this before
    /// <see cref="Hosting.OfferedChannel.RevokeAsync"/> of an adapter that a guest has open.
    /// </summary>
    /// <param name="cancellationToken">
    /// Cancels the wait with <see cref="OperationCanceledException"/>; the link stays down.
    /// </param>
    /// <returns>
    /// Completes when the guest has either sent nothing for 2.5 s, with no completion pending, or closed the channel.
    /// </returns>
    /// <remarks>
    /// A host that has revoked its offer sends no more completions. Linux's driver waits for its completions without a limit
    /// (<c>netvsc_device_idle</c>), and holds a lock that all its network devices need. A guest that ignores the link state
    /// keeps sending: give the wait a limit.
    /// </remarks>
    public async Task UnplugAsync(CancellationToken cancellationToken = default)
    {
        IsLinkUp = false;
        await QuietGuest.WaitAsync(() => Volatile.Read(ref _serving)?.Traffic, QuietTime, Clock, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The clock of <see cref="UnplugAsync"/>.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    internal INetworkLink Link { get; }

    internal NetworkAdapterOptions Options { get; }

    internal NetworkCounts Counts { get; } = new();

    internal ReadOnlySpan<byte> AddressBytes => _address;

    /// <inheritdoc/>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.IsRestored)
            _state = NewState();
        using var channel = new NetworkChannel(this, _state, context);
        Volatile.Write(ref _serving, channel);
        try
        {
            await channel.ServeAsync(closing).ConfigureAwait(false);
        }
        finally
        {
            // One that did not end in time has lost its channel, and another may be served.
            Interlocked.CompareExchange(ref _serving, null, channel);
        }
    }

    private NetworkState NewState() => new(new RndisProtocol(_address, Options, Counts));
}
