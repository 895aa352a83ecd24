// What happens in a guest's connection, told to its driver.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>What happened in a connection, in the order in which it happened.</summary>
internal abstract record GuestEvent
{
    private GuestEvent()
    {
    }

    /// <summary>The connection stands: the end of <see cref="GuestProtocol.Connect"/>.</summary>
    /// <param name="Negotiated">What was agreed on.</param>
    /// <param name="MonitorPages">The monitor pages in force: the guest's own, or those the host gives.</param>
    /// <param name="AreServerPages">Whether the host gave the monitor pages.</param>
    /// <param name="MessageConnection">The connection messages are posted to from now on.</param>
    internal sealed record Connected(NegotiatedVersion Negotiated, MonitorPageAddresses MonitorPages, bool AreServerPages, uint MessageConnection) : GuestEvent;

    /// <summary>There is no connection: the other end of <see cref="GuestProtocol.Connect"/>.</summary>
    internal sealed record ConnectFailed(ConnectFailure Reason) : GuestEvent;

    /// <summary>The host offers a channel.</summary>
    internal sealed record Offered(GuestOffer Offer) : GuestEvent;

    /// <summary>The host has offered every channel it had: the end of <see cref="GuestProtocol.RequestOffers"/>.</summary>
    /// <param name="Result">Whether it has.</param>
    internal sealed record AllOffersDelivered(RequestResult Result) : GuestEvent;

    /// <summary>The host has taken a channel back. Whatever was asked for the channel has come to its end before.</summary>
    internal sealed record Rescinded(uint Relid) : GuestEvent;

    /// <summary>
    /// The end of <see cref="GuestProtocol.CreateGpadl"/>. When it timed out, was cancelled or the channel was rescinded,
    /// the host may still take the memory: it is free after a <see cref="GpadlTornDown"/>, which comes by itself.
    /// </summary>
    /// <param name="Relid">The channel.</param>
    /// <param name="Gpadl">The GPADL.</param>
    /// <param name="Result">Whether the host has taken it.</param>
    internal sealed record GpadlCreated(uint Relid, uint Gpadl, RequestResult Result) : GuestEvent;

    /// <summary>
    /// The end of <see cref="GuestProtocol.TeardownGpadl"/>. The memory is free when the outcome is
    /// <see cref="RequestOutcome.Completed"/>. When the teardown timed out or the channel was rescinded, the same event
    /// comes once more if the host answers after all.
    /// </summary>
    /// <param name="Gpadl">The GPADL.</param>
    /// <param name="Result">Whether the host has given it back.</param>
    internal sealed record GpadlTornDown(uint Gpadl, RequestResult Result) : GuestEvent;

    /// <summary>The end of <see cref="GuestProtocol.Open"/> and <see cref="GuestProtocol.OpenReserved"/>.</summary>
    /// <param name="Relid">The channel.</param>
    /// <param name="Result">Whether it is open.</param>
    internal sealed record Opened(uint Relid, RequestResult Result) : GuestEvent;

    /// <summary>The end of <see cref="GuestProtocol.ModifyChannel"/>; before 5.3 it says that the host was told.</summary>
    /// <param name="Relid">The channel.</param>
    /// <param name="Result">Whether the interrupt moved.</param>
    internal sealed record ChannelModified(uint Relid, RequestResult Result) : GuestEvent;

    /// <summary>The end of <see cref="GuestProtocol.CloseReserved"/>.</summary>
    /// <param name="Relid">The channel.</param>
    /// <param name="Result">Whether it is closed.</param>
    internal sealed record ReservedClosed(uint Relid, RequestResult Result) : GuestEvent;

    /// <summary>The end of <see cref="GuestProtocol.ConnectTransport"/>. On success the channel was offered just before.</summary>
    /// <param name="Endpoint">The guest's end.</param>
    /// <param name="Service">The host's service.</param>
    /// <param name="Result">Whether there is a channel.</param>
    internal sealed record TransportConnected(Guid Endpoint, Guid Service, RequestResult Result) : GuestEvent;

    /// <summary>The end of <see cref="GuestProtocol.ModifyConnection"/>.</summary>
    /// <param name="Result">Whether the pages moved.</param>
    /// <param name="State">What the host answered, when <see cref="RequestOutcome.Completed"/>.</param>
    /// <param name="MonitorPages">The monitor pages in force now.</param>
    internal sealed record ConnectionModified(RequestResult Result, ConnectionState State, MonitorPageAddresses MonitorPages) : GuestEvent;

    /// <summary>The end of <see cref="GuestProtocol.Pause"/>.</summary>
    /// <param name="Result">Whether the host is silent; otherwise the connection goes on.</param>
    internal sealed record Paused(RequestResult Result) : GuestEvent;

    /// <summary>The end of <see cref="GuestProtocol.Unload"/>: in any case the connection is gone.</summary>
    /// <param name="Result">Whether the host has given everything back.</param>
    internal sealed record Unloaded(RequestResult Result) : GuestEvent;

    /// <summary>
    /// The host broke the protocol in a way the guest cannot bear, so the guest ended the connection without a word, as by
    /// <see cref="GuestProtocol.BreakOff"/>.
    /// </summary>
    /// <param name="Reason">What the host did, with the numbers.</param>
    internal sealed record BrokenOff(string Reason) : GuestEvent;

    /// <summary>
    /// A message that has no answer, or whose answer is no longer awaited, could not be posted: the host does not know of what
    /// it says.
    /// </summary>
    /// <param name="Type">The message.</param>
    /// <param name="Relid">The channel it is about, or 0.</param>
    /// <param name="Status">Why.</param>
    internal sealed record NotPosted(ChannelMessageType Type, uint Relid, HypercallStatus Status) : GuestEvent;
}
