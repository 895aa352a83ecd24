// What the two ends of a connection agreed on. What VersionInfo is to OpenVMM (vmbus_core), and vmbus_proto_version to
// Linux (drivers/hv/connection.c).

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>The version of a connection and its features; the default is a connection that is not negotiated yet.</summary>
/// <param name="Version">The version; <see langword="default"/> before one is negotiated.</param>
/// <param name="Features">The features that both ends support; none before 6.0.</param>
public readonly record struct NegotiatedVersion(ProtocolVersion Version, FeatureFlags Features = FeatureFlags.None)
{
    /// <summary>Whether a version was negotiated.</summary>
    public bool IsNegotiated => Version != default;

    /// <summary>Whether channels are signalled through the interrupt page and one shared event flag: before 2.4.</summary>
    public bool SharesEventFlag => Version < ProtocolVersion.Win8;

    /// <summary>Whether the guest shares an interrupt page with the host: before 5.0.</summary>
    public bool HasInterruptPage => Version < ProtocolVersion.Win10Rs3V2;

    /// <summary>Whether the host chooses the connection to which the guest posts its messages: from 5.0 on.</summary>
    public bool HostChoosesMessageConnection => Version >= ProtocolVersion.Win10Rs3V2;

    /// <summary>Whether the host answers an unload: from 1.1 on.</summary>
    public bool AnswersUnload => Version >= ProtocolVersion.Win7;

    /// <summary>Whether a channel's target VP can be changed while it is open: from 4.1 on.</summary>
    public bool CanModifyChannel => Version >= ProtocolVersion.Win10Rs3;

    /// <summary>Whether the host answers such a change: from 5.3 on.</summary>
    public bool AnswersModifyChannel => Version >= ProtocolVersion.Iron;

    /// <summary>Whether the guest can request socket channels: from 4.0 on.</summary>
    public bool HasTransportConnect => Version >= ProtocolVersion.Win10;

    /// <summary>Whether a request for a socket channel contains a silo: from 5.2 on.</summary>
    public bool HasSiloId => Version >= ProtocolVersion.Win10Rs5;

    /// <summary>Whether an open request contains the signal parameters of the channel.</summary>
    public bool HasOpenParameters => Has(FeatureFlags.GuestSpecifiedSignalParameters) || Has(FeatureFlags.ChannelInterruptRedirection);

    /// <summary>Whether all given features were negotiated.</summary>
    /// <param name="features">The features.</param>
    public bool Has(FeatureFlags features) => (Features & features) == features;

    /// <summary>The version, and the features if there are any.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => !IsNegotiated ? "none" : Features == FeatureFlags.None ? Version.ToString() : $"{Version} ({Features})";
}
