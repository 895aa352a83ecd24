using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>Who plays: a host's options, those of each guest that comes, and how bad the pipes between them are.</summary>
internal sealed class PlaySetup
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public PlaySetup(ulong seed)
    {
        var dice = new Dice(seed);
        Seed = seed;
        BeginsWell = !dice.OneIn(4);
        Capacity = 1 + dice.Below(4);
        RefusalsIn16 = dice.OneIn(3) ? 0 : dice.Below(6);
        IsLossy = dice.OneIn(6);
        Host = new HostProtocolOptions
        {
            MaxVersion = Version(ref dice),
            Features = (FeatureFlags)dice.Word() | (dice.OneIn(3) ? 0 : FeatureFlags.ModifyConnection | FeatureFlags.PauseResume),
            ServerMonitorPages = dice.OneIn(2) ? new MonitorPageAddresses(0x8000, 0x9000) : null,
            VpCount = 4,
            MaxChannels = 4 + dice.Below(4),
            MonitorIds = dice.Below(4),
            MaxGpadlPages = dice.OneIn(4) ? 60 : 4000,
            MaxWaitingAnswers = 1 + dice.Below(5),
            MessageConnectionId = 9,
        };
    }

    public ulong Seed { get; }

    /// <summary>Whether there is a connection to begin with, with channels and GPADLs.</summary>
    public bool BeginsWell { get; }

    public HostProtocolOptions Host { get; }

    /// <summary>How many messages each pipe holds.</summary>
    public int Capacity { get; }

    /// <summary>How many of 16 posts are refused, though there is room.</summary>
    public int RefusalsIn16 { get; }

    /// <summary>Whether the guest gives up posting after a few tries.</summary>
    public bool IsLossy { get; }

    public GuestProtocolOptions Guest(ref Dice dice)
    {
        ProtocolVersion newest = Version(ref dice), oldest = dice.OneIn(3) ? newest : dice.OneIn(4) ? Version(ref dice) : ProtocolVersion.Ws2008;
        return new GuestProtocolOptions
        {
            Versions = [.. ProtocolVersion.Known.Where(version => version <= newest && (version >= oldest || version == newest))],
            Features = (FeatureFlags)(dice.Word() & 0xFF) | (dice.OneIn(3) ? 0 : FeatureFlags.ModifyConnection | FeatureFlags.PauseResume),
            ResponseTimeout = Patience,
            Retry = PostRetryPolicy.Guest with { MaxTries = IsLossy ? 2 : int.MaxValue },
        };
    }

    private static ProtocolVersion Version(ref Dice dice) =>
        dice.OneIn(2) ? ProtocolVersion.Copper : ProtocolVersion.Known[dice.Below(ProtocolVersion.Known.Count)];
}
