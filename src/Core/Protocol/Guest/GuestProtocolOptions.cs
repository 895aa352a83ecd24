// What a guest proposes to its host, and what it waits for. Mirrors the constants of Linux drivers/hv/connection.c and
// hyperv_vmbus.h.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>How a <see cref="GuestProtocol"/> connects, and what it bears.</summary>
internal sealed record GuestProtocolOptions
{
    /// <summary>The highest relid there is: one event flag each, of 2048.</summary>
    public const uint MaxRelid = SynicEventFlags.FlagCount - 1;

    /// <summary>The versions to propose, in this order; by default all there are, newest first.</summary>
    public IReadOnlyList<ProtocolVersion> Versions { get; init; } = ProtocolVersion.Known;

    /// <summary>The features to propose, from 6.0 on.</summary>
    public FeatureFlags Features { get; init; } =
        FeatureFlags.GuestSpecifiedSignalParameters | FeatureFlags.ChannelInterruptRedirection | FeatureFlags.ModifyConnection
        | FeatureFlags.ClientId | FeatureFlags.PauseResume;

    /// <summary>The VP the host's messages go to, by index.</summary>
    public uint MessageVp { get; init; }

    /// <summary>The SINT the host's messages go to, 0 to 15; hosts before 5.0 use 2.</summary>
    public byte MessageSint { get; init; } = SynicMsr.VmBusSint;

    /// <summary>The guest's virtual trust level, 0 to 2.</summary>
    public byte MessageVtl { get; init; }

    /// <summary>
    /// Whether the first contact goes to <see cref="MessageConnection.Redirect"/>, and to
    /// <see cref="MessageConnection.Contact"/> only when that is not there: what a guest in VTL 2 does.
    /// </summary>
    public bool TryRedirect { get; init; }

    /// <summary>The guest's identity, sent to the host with <see cref="FeatureFlags.ClientId"/>.</summary>
    public Guid ClientId { get; init; }

    /// <summary>How long to wait for an answer of the host; the time of a pause does not count.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How posts are repeated.</summary>
    internal PostRetryPolicy Retry { get; init; } = PostRetryPolicy.Guest;

    /// <summary>The most channels the host can have on offer, rescinded ones included until they are released; 1 to 2048.</summary>
    public int MaxOffers { get; init; } = 2048;

    /// <summary>Whether the guest's memory is closed to the host: then nothing older than 5.2 is proposed.</summary>
    public bool IsIsolated { get; init; }

    internal ProtocolVersion[] ProposedVersions =>
        [.. Versions.Where(version => !IsIsolated || version >= ProtocolVersion.Win10Rs5)];

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Versions);
        ArgumentNullException.ThrowIfNull(Retry);
        Retry.Validate();
        if (ProposedVersions.Length == 0)
            throw new ArgumentException($"None of {Versions.Count} versions can be proposed{(IsIsolated ? " by an isolated guest: it needs 5.2" : "")}.");
        foreach (ProtocolVersion version in Versions)
        {
            if (!ProtocolVersion.Known.Contains(version))
                throw new ArgumentException($"There is no version {version}.");
        }
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MessageSint, 15);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MessageVtl, 2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ResponseTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOffers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxOffers, (int)MaxRelid + 1);
    }
}
