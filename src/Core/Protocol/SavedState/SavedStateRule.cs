// What a version has, as a saved state shows it: the table by which a state is checked as ChannelMessageRule checks a message.
// The versions are those of OpenVMM's vmbus_core protocol.rs, and of docs/protocol.md.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>One thing that a saved state may hold, and the connections that have it.</summary>
/// <param name="What">The thing, for the reason of a refusal.</param>
/// <param name="Since">The first version that has it.</param>
/// <param name="Features">The features it belongs to; all of them must be negotiated.</param>
/// <param name="Before">The first version that has it no more; the default where all later ones have it.</param>
internal sealed record SavedStateRule(string What, ProtocolVersion Since, FeatureFlags Features = FeatureFlags.None, ProtocolVersion Before = default)
{
    public static readonly SavedStateRule AnyFeature = new("features", ProtocolVersion.Copper);
    public static readonly SavedStateRule InterruptPage = new("an interrupt page", ProtocolVersion.Ws2008, Before: ProtocolVersion.Win10Rs3V2);
    public static readonly SavedStateRule MessageVp = new("messages to another VP than 0", ProtocolVersion.Win81);
    public static readonly SavedStateRule MessageConnection = new("a message connection of the host's choice", ProtocolVersion.Win10Rs3V2);
    public static readonly SavedStateRule TargetVp = new("a channel that interrupts another VP than 0, or none", ProtocolVersion.Win8);
    public static readonly SavedStateRule ModifyChannel = new("a change of a channel's VP", ProtocolVersion.Win10Rs3);
    public static readonly SavedStateRule ModifyChannelResponse = new("a change of a channel's VP that needs an answer", ProtocolVersion.Iron);
    public static readonly SavedStateRule ReservedChannel = new("a reserved channel that is being opened or closed", ProtocolVersion.Win10);
    public static readonly SavedStateRule TransportConnect = new("a request for a socket channel", ProtocolVersion.Win10);
    public static readonly SavedStateRule Silo = new("a socket channel's silo", ProtocolVersion.Win10Rs5);
    public static readonly SavedStateRule ChosenSignals = new("a channel signalled by the guest's choice", ProtocolVersion.Copper, FeatureFlags.GuestSpecifiedSignalParameters);
    public static readonly SavedStateRule RedirectedInterrupt = new("a channel with redirected interrupts", ProtocolVersion.Copper, FeatureFlags.ChannelInterruptRedirection);
    public static readonly SavedStateRule ModifyConnection = new("a move of the monitor pages", ProtocolVersion.Copper, FeatureFlags.ModifyConnection);
    public static readonly SavedStateRule ClientId = new("a client's name", ProtocolVersion.Copper, FeatureFlags.ClientId);
    public static readonly SavedStateRule Pause = new("a pause", ProtocolVersion.Copper, FeatureFlags.PauseResume);
    public static readonly SavedStateRule ServerMonitorPages = new("monitor pages of the host", ProtocolVersion.Copper, FeatureFlags.ServerSpecifiedMonitorPages);

    /// <summary>Whether a connection has it.</summary>
    public bool IsIn(NegotiatedVersion version) =>
        version.Version >= Since && (Before == default || version.Version < Before) && version.Has(Features);
}
