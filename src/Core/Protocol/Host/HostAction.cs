// What a host's protocol wants done. What Action and the Notifier are to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>
/// What a <see cref="HostProtocol"/> wants its driver to do. Each but <see cref="Offered"/>, <see cref="Released"/>,
/// <see cref="Restored"/> and <see cref="RestoredConnection"/> is answered by the <c>Complete</c> method of its name, at any later time; the guest learns nothing before.
/// </summary>
internal abstract record HostAction
{
    private HostAction()
    {
    }

    /// <summary>A guest makes contact: take its pages. Answer with <see cref="HostProtocol.CompleteConnect"/>.</summary>
    internal sealed record Connect(HostConnectRequest Request) : HostAction;

    /// <summary>
    /// The connection has ended: unmap the guest's pages. Every channel but reserved ones is closed by now. Answer with
    /// <see cref="HostProtocol.CompleteDisconnect"/>.
    /// </summary>
    internal sealed record Disconnect : HostAction;

    /// <summary>A guest shows a device memory. Answer with <see cref="HostProtocol.CompleteCreateGpadl"/>.</summary>
    /// <param name="Offer">The channel.</param>
    /// <param name="Relid">Its relid.</param>
    /// <param name="Gpadl">The handle; unique within the channel.</param>
    /// <param name="Ranges">The memory, at least one range of at least one byte.</param>
    internal sealed record CreateGpadl(OfferId Offer, uint Relid, uint Gpadl, IReadOnlyList<GpadlRange> Ranges) : HostAction;

    /// <summary>
    /// A guest wants that memory back, or has gone. It is no ring of an open channel. Answer with
    /// <see cref="HostProtocol.CompleteTeardownGpadl"/> once nothing touches it.
    /// </summary>
    internal sealed record TeardownGpadl(OfferId Offer, uint Gpadl) : HostAction;

    /// <summary>
    /// A guest opens a channel: make its event port, then tell the device. Answer with
    /// <see cref="HostProtocol.CompleteOpen"/>; the guest may signal as soon as it has that answer, some before.
    /// </summary>
    internal sealed record Open(OfferId Offer, HostOpenRequest Request) : HostAction;

    /// <summary>A channel is closed: unmap its rings. Answer with <see cref="HostProtocol.CompleteClose"/>.</summary>
    internal sealed record Close(OfferId Offer) : HostAction;

    /// <summary>A channel shall interrupt another VP. Answer with <see cref="HostProtocol.CompleteModify"/>.</summary>
    internal sealed record Modify(OfferId Offer, uint TargetVp) : HostAction;

    /// <summary>
    /// The guest moves its monitor pages. Answer with <see cref="HostProtocol.CompleteModifyConnection"/> once the old pages
    /// are no longer looked at: the guest takes them back then.
    /// </summary>
    /// <param name="MonitorPages">The new pages; <see langword="null"/> for none.</param>
    internal sealed record ModifyConnection(MonitorPageAddresses? MonitorPages) : HostAction;

    /// <summary>
    /// The guest wants a socket channel. Answer with <see cref="HostProtocol.CompleteTransportConnect"/>; where it succeeds
    /// the guest sees the channel's offer only.
    /// </summary>
    /// <param name="Endpoint">The guest's end.</param>
    /// <param name="Service">The service.</param>
    /// <param name="Silo">The silo; all zeros before 5.2.</param>
    internal sealed record TransportConnect(Guid Endpoint, Guid Service, Guid Silo) : HostAction;

    /// <summary>The guest is told of a channel. Not answered.</summary>
    /// <param name="Offer">The channel.</param>
    /// <param name="Relid">Its relid, until it is released.</param>
    /// <param name="MonitorId">Its monitor, 0 to 127, if it has one.</param>
    /// <param name="ConnectionId">The connection the guest signals, unless it chooses another at open; 2 before 1.1.</param>
    internal sealed record Offered(OfferId Offer, uint Relid, int? MonitorId, uint ConnectionId) : HostAction;

    /// <summary>The guest no longer knows a channel; its relid and monitor are free again. Not answered.</summary>
    internal sealed record Released(OfferId Offer) : HostAction;

    /// <summary>
    /// A saved channel goes on: its device has offered it again. What was asked of the device and not answered is asked
    /// again behind this. Not answered: a driver that cannot go on with the channel revokes it.
    /// </summary>
    /// <param name="Offer">The channel.</param>
    /// <param name="Relid">Its relid; 0 while no guest knows it.</param>
    /// <param name="MonitorId">Its monitor, 0 to 127, if it has one.</param>
    /// <param name="Gpadls">The memory the device has been shown, by handle.</param>
    /// <param name="OpenedBy">
    /// The request it is open by; <see langword="null"/> where it is not: one that was being opened is asked to be opened
    /// behind this, one that was being closed is not open any more.
    /// </param>
    internal sealed record Restored(
        OfferId Offer, uint Relid, int? MonitorId, IReadOnlyDictionary<uint, IReadOnlyList<GpadlRange>> Gpadls, HostOpenRequest? OpenedBy) : HostAction;

    /// <summary>
    /// A saved connection goes on: take the guest's pages. Comes before everything else. Not answered: a driver that has
    /// not got the pages resets the guest.
    /// </summary>
    /// <param name="Request">What the guest asked for, with the pages that are in force now.</param>
    internal sealed record RestoredConnection(HostConnectRequest Request) : HostAction;
}
