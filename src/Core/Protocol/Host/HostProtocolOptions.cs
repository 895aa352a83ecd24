// What a host speaks and how much it lets a guest have. The defaults are those of OpenVMM (vmbus_server lib.rs,
// channels.rs) where it has any.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>What a host speaks, and the limits it sets a guest.</summary>
internal sealed record HostProtocolOptions
{
    /// <summary>The most channels there can be: an event-flags page has 2048 flags, and flag 0 is no channel's.</summary>
    public const int ChannelLimit = 2047;

    /// <summary>The monitors of a monitor page.</summary>
    public const int MonitorLimit = 128;

    /// <summary>Every feature that needs nothing but this protocol.</summary>
    public const FeatureFlags DefaultFeatures =
        FeatureFlags.GuestSpecifiedSignalParameters | FeatureFlags.ChannelInterruptRedirection | FeatureFlags.ModifyConnection
        | FeatureFlags.ClientId | FeatureFlags.PauseResume | FeatureFlags.ServerSpecifiedMonitorPages;

    /// <summary>The newest version that is accepted; every known one up to it is.</summary>
    public ProtocolVersion MaxVersion { get; init; } = ProtocolVersion.Copper;

    /// <summary>The features that are accepted from 6.0 on.</summary>
    public FeatureFlags Features { get; init; } = DefaultFeatures;

    /// <summary>How many VPs the guest has. A message that names another is not taken.</summary>
    public uint VpCount { get; init; } = 64;

    /// <summary>How many channels there may be, those that were revoked and not yet released among them.</summary>
    public int MaxChannels { get; init; } = ChannelLimit;

    /// <summary>The lowest relid, at least 1.</summary>
    public uint RelidBase { get; init; } = 1;

    /// <summary>How many monitor ids there are to give out, from 0 on.</summary>
    public int MonitorIds { get; init; } = MonitorLimit;

    /// <summary>The host's own monitor pages, for guests that can use them.</summary>
    internal MonitorPageAddresses? ServerMonitorPages { get; init; }

    /// <summary>Whether a guest's own monitor pages are of no use to this host; its channels get no monitors then.</summary>
    public bool OnlyServerMonitorPages { get; init; }

    /// <summary>How many GPADLs the guest may have, incomplete ones included.</summary>
    public int MaxGpadls { get; init; } = 8192;

    /// <summary>
    /// How many pages the guest's GPADLs may have in all; 4 GiB by default. At most 72 bytes of memory each. A page may be
    /// in several, and a Linux device of <c>uio_hv_generic</c> shows 51 MiB whatever it is.
    /// </summary>
    public long MaxGpadlPages { get; init; } = 4L * 1024 * 1024 * 1024 / GpaRange.PageSize;

    /// <summary>How many answers may wait to be posted before <see cref="HostProtocol.CanReceive"/> says no.</summary>
    public int MaxWaitingAnswers { get; init; } = 64;

    /// <summary>How many requests for socket channels may wait for their answer; more are refused.</summary>
    public int MaxTransportConnects { get; init; } = 512;

    /// <summary>The connection that a guest of 5.0 or newer posts its messages to.</summary>
    public uint MessageConnectionId { get; init; } = MessageConnection.Contact;

    /// <summary>The SINT of the guest's messages and channels, 0 to 15.</summary>
    public byte Sint { get; init; } = SynicMsr.VmBusSint;

    /// <summary>The guest's virtual trust level, 0 to 2.</summary>
    public byte Vtl { get; init; }

    /// <summary>How messages are repeated that find no room.</summary>
    internal PostRetryPolicy Retry { get; init; } = PostRetryPolicy.Host;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Retry);
        ArgumentOutOfRangeException.ThrowIfZero(VpCount);
        ArgumentOutOfRangeException.ThrowIfZero(RelidBase);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChannels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxChannels + (long)RelidBase, ChannelLimit + 1L, nameof(MaxChannels));
        ArgumentOutOfRangeException.ThrowIfNegative(MonitorIds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MonitorIds, MonitorLimit);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxGpadls);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxGpadlPages);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxWaitingAnswers, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxTransportConnects);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Sint, MaxSint);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Vtl, MaxVtl);
    }

    internal const byte MaxSint = 15;
    internal const byte MaxVtl = 2;
}
