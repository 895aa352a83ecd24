// A network adapter, as Hyper-V offers one. What Nic is to OpenVMM (netvsp); a guest's end is its driver netvsc (Linux
// drivers/net/hyperv).

using System.Net.NetworkInformation;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices;

/// <summary>
/// A network adapter that a stock guest's driver finds: it carries Ethernet frames between the guest and an
/// <see cref="INetworkLink"/>. Offer it once; thread-safe.
/// </summary>
/// <remarks>
/// <para>A packet of the guest is completed when the link has taken its frames: a link without room slows the guest down, and
/// loses nothing. In the other direction frames stay with the link while the guest gives no memory for them.</para>
/// <para>It does no work in the guest's place (checksums, segmentation), and says so.</para>
/// <para>It has one channel. When its bus is saved, <see cref="SaveState"/> holds what a guest needs to go on; frames under way may be
/// lost, as on any network.</para>
/// </remarks>
public sealed partial class NetworkAdapter : IChannelDevice
{
    /// <summary>The class it is offered as: <see cref="DeviceClass.Network"/>.</summary>
    public static readonly Guid InterfaceType = DeviceClass.Network.Id;

    /// <summary>The instance it is offered as, where it is the only one.</summary>
    public static readonly Guid InterfaceInstance = new("0e700000-5c51-4b1e-9c06-5d2f6a8b9e00");

    // Longer than Linux takes to act on a change of the link after the one before it (LINKCHANGE_INT of netvsc_drv.c: 2 s).
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(2.5);

    private readonly byte[] _address;
    private NetworkState _state;
    private NetworkChannel? _serving;
    private volatile bool _isLinkUp;

    /// <summary>Makes an adapter.</summary>
    /// <param name="link">Where its frames go and come from. It stays the caller's.</param>
    /// <param name="address">Its address, of 6 bytes: no other adapter of the same network has it.</param>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The address is none of one adapter.</exception>
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
            throw new ArgumentException($"An adapter's address has 6 bytes, is not that of a group and not zero; this is {address}.", nameof(address));
        Link = link;
        _state = NewState();
        _isLinkUp = Options.IsLinkUp;
    }

    /// <summary>The offer of an adapter.</summary>
    /// <param name="monitorLatency">The latency of its monitor; <see langword="null"/> for none.</param>
    /// <param name="instance">Which adapter; <see langword="null"/> for <see cref="InterfaceInstance"/>.</param>
    public static HostOffer Offer(TimeSpan? monitorLatency = null, Guid? instance = null) =>
        new(InterfaceType, instance ?? InterfaceInstance) { Flags = OfferFlags.EnumerateDeviceInterface, MonitorLatency = monitorLatency };

    /// <summary>Its address.</summary>
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

    /// <summary>What it has done.</summary>
    public NetworkAdapterStatistics Statistics => Counts.Snapshot();

    /// <summary>
    /// Takes the link down, and waits until the guest has stopped sending. Do this before
    /// <see cref="Hosting.OfferedChannel.RevokeAsync"/> of an adapter that a guest has open.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>; the link stays down.</param>
    /// <returns>Completes when the guest has sent nothing for 2.5 s and is owed no completion, or has closed the channel.</returns>
    /// <remarks>
    /// A host that has taken its offer back completes nothing any more. Linux's driver waits for its completions without a limit
    /// (<c>netvsc_device_idle</c>), and holds a lock that all its network devices need. A guest that ignores the link keeps sending: give
    /// the wait a limit.
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
