// Finding a version, and leaving. Mirrors vmbus_connect, vmbus_negotiate_version and vmbus_initiate_unload (Linux
// drivers/hv/connection.c, channel_mgmt.c); the features are from OpenVMM vmbus_client.

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    private readonly ProtocolVersion[] _versions;
    private int _proposed;
    private GuestPages _pages;
    private bool _isRedirected;
    private bool _isContactOwed;        // an answer of an earlier negotiation may still come, and cannot be told from a newer one
    private bool _isUnloadOwed;         // an unload was posted to be rid of it
    private bool _isUnloadAnswered;

    /// <summary>Whether there is a connection, paused or not.</summary>
    internal bool IsConnected => State is GuestConnectionState.Connected or GuestConnectionState.Pausing or GuestConnectionState.Paused;

    /// <summary>
    /// Proposes versions to the host, until it takes one. Ends in <see cref="GuestEvent.Connected"/> or
    /// <see cref="GuestEvent.ConnectFailed"/>; each version has the whole <see cref="GuestProtocolOptions.ResponseTimeout"/>.
    /// After an attempt that timed out, the host is first told that the guest leaves.
    /// </summary>
    /// <param name="pages">The pages both ends signal through.</param>
    /// <exception cref="ArgumentException">Only one monitor page is given, or an address is not the start of a page.</exception>
    /// <exception cref="InvalidOperationException">There is a connection, or the beginning or end of one.</exception>
    public void Connect(GuestPages pages)
    {
        if (State != GuestConnectionState.Disconnected)
            throw new InvalidOperationException($"A connection already exists: it is {State}.");
        if (!pages.MonitorPages.AreValid || (pages.InterruptPage & 0xFFF) != 0)
            throw new ArgumentException($"{pages} are not pages, or one monitor page without the other.", nameof(pages));
        State = GuestConnectionState.Negotiating;
        _pages = pages;
        _isRedirected = _options.TryRedirect;
        _proposed = 0;
        if (!_isContactOwed)
        {
            Propose();
            return;
        }
        if (!_isUnloadOwed)
            PostDraining();
        Start(RequestKind.Drain);
    }

    /// <summary>
    /// Leaves: every request ends as <see cref="RequestOutcome.Disconnected"/>, every channel but the open reserved ones is
    /// forgotten, whatever waits to be posted is dropped. Ends in <see cref="GuestEvent.Unloaded"/>, before 1.1 as soon as
    /// the host was told.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no connection, or it is being left already.</exception>
    public void Unload()
    {
        if (State is GuestConnectionState.Disconnected or GuestConnectionState.Unloading)
            throw new InvalidOperationException($"A connection that is {State} cannot be disconnected.");
        bool isNegotiating = State == GuestConnectionState.Negotiating;
        FinishAll(RequestOutcome.Disconnected);
        ForgetChannels();
        DropPosts();
        _isUnloadAnswered = new NegotiatedVersion(_versions[_proposed]).AnswersUnload;
        _isUnloadOwed = false;              // an earlier one may just have been dropped, and this one does for both
        State = GuestConnectionState.Unloading;
        if (isNegotiating)
        {
            _isContactOwed = true;
            Emit(new GuestEvent.ConnectFailed(ConnectFailure.Cancelled));
        }
        PostNow(ChannelMessages.ToBytes(ChannelMessageType.Unload));
        Start(RequestKind.Unload);
    }

    /// <summary>
    /// Ends the connection, or the attempt at one, without a word to the host: every request ends as
    /// <see cref="RequestOutcome.Disconnected"/>, every channel is forgotten, the open reserved ones too, and what waits to be
    /// posted is dropped. For a guest that is reset, and for a connection that cannot go on. Without a connection it does nothing.
    /// </summary>
    public void BreakOff()
    {
        if (State == GuestConnectionState.Disconnected)
            return;
        if (State == GuestConnectionState.Negotiating)
        {
            _isContactOwed = true;
            Emit(new GuestEvent.ConnectFailed(ConnectFailure.Cancelled));
        }

        FinishAll(RequestOutcome.Disconnected);
        foreach (KnownChannel channel in _channels.Values.ToArray())
            ForgetChannel(channel, RequestOutcome.Disconnected);
        BecomeDisconnected();
        _outbox.Clear();
    }

    private uint ContactConnection(ProtocolVersion version) =>
        !new NegotiatedVersion(version).HostChoosesMessageConnection ? MessageConnection.Legacy
        : _isRedirected ? MessageConnection.Redirect
        : MessageConnection.Contact;

    private void Propose()
    {
        ProtocolVersion version = _versions[_proposed];
        var contact = new InitiateContact
        {
            VersionRequested = version,
            TargetVp = _options.MessageVp,
            ParentToChildMonitorPage = _pages.ParentToChildMonitorPage,
            ChildToParentMonitorPage = _pages.ChildToParentMonitorPage,
        };
        if (new NegotiatedVersion(version).HasInterruptPage)
        {
            contact.InterruptPage = _pages.InterruptPage;
        }
        else
        {
            contact.TargetSint = _options.MessageSint;
            contact.TargetVtl = _options.MessageVtl;
        }
        if (version >= ProtocolVersion.Copper)
            contact.FeatureFlags = _options.Features;

        _messageConnection = ContactConnection(version);
        bool namesClient = (contact.FeatureFlags & FeatureFlags.ClientId) != 0;
        PostNow(ChannelMessages.ToBytes(
            InitiateContact.MessageType, new InitiateContact2 { Contact = contact, ClientId = _options.ClientId },
            namesClient ? InitiateContact2.Size : InitiateContact.Size));
        Start(RequestKind.Contact);
    }

    private void ProposeNext()
    {
        Forget(RequestKind.Contact);
        if (++_proposed < _versions.Length)
            Propose();
        else
            FailConnect(ConnectFailure.NoCommonVersion);
    }

    private MessageFault TakeVersionResponse(ReadOnlySpan<byte> message)
    {
        VersionResponse3 response = ChannelMessages.Read<VersionResponse3>(message);
        VersionResponse answer = response.Response.Response;
        if (!IsPending(RequestKind.Contact))
            return TakeLateVersionResponse(answer);
        if (IsUnposted(ChannelMessageType.InitiateContact))
            return MessageFault.WrongState;
        if (answer.VersionSupported == 0)
        {
            ProposeNext();
            return MessageFault.None;
        }
        if (answer.ConnectionState != ConnectionState.Successful)
        {
            Forget(RequestKind.Contact);
            FailConnect(answer.ConnectionState == ConnectionState.FailedLowResources ? ConnectFailure.LowResources : ConnectFailure.Refused);
            return MessageFault.None;
        }

        // QEMU's answer ends behind the state. It speaks no version whose answer says more.
        var negotiated = new NegotiatedVersion(_versions[_proposed]);
        if (negotiated.HostChoosesMessageConnection && message.Length < VersionResponse.Size)
            return MessageFault.TooShort;
        if (negotiated.Version >= ProtocolVersion.Copper)
            negotiated = negotiated with { Features = response.Response.SupportedFeatures & _options.Features };
        MonitorPageAddresses monitorPages = _pages.MonitorPages;
        bool areServerPages = negotiated.Has(FeatureFlags.ServerSpecifiedMonitorPages);
        if (areServerPages)
        {
            if (message.Length < VersionResponse3.Size)
                return MessageFault.TooShort;
            monitorPages = new MonitorPageAddresses(response.ParentToChildMonitorPage, response.ChildToParentMonitorPage);
            if (!IsServerPagesValid(monitorPages))
                return MessageFault.InvalidField;
        }
        BecomeConnected(negotiated, monitorPages, areServerPages, answer.ConnectionId);
        return MessageFault.None;
    }

    // The page the guest signals through must be there. The other is optional: a guest reads it only to cancel a signal of the
    // host that has not come yet (server_specified_monitor_pages in OpenVMM's vmbus_core protocol.rs).
    private static bool IsServerPagesValid(MonitorPageAddresses pages) =>
        pages.ChildToParent != 0 && ((pages.ParentToChild | pages.ChildToParent) & 0xFFF) == 0;

    private void BecomeConnected(NegotiatedVersion negotiated, MonitorPageAddresses monitorPages, bool areServerPages, uint messageConnection)
    {
        Forget(RequestKind.Contact);
        State = GuestConnectionState.Connected;
        Negotiated = negotiated;
        MonitorPages = monitorPages;
        AreServerMonitorPages = areServerPages;
        if (negotiated.HostChoosesMessageConnection)
            _messageConnection = messageConnection;
        Emit(new GuestEvent.Connected(negotiated, monitorPages, areServerPages, _messageConnection));
    }

    // The host has connected to an attempt that has ended, so it is told that the guest leaves.
    private MessageFault TakeLateVersionResponse(VersionResponse answer)
    {
        if (State != GuestConnectionState.Disconnected || !_isContactOwed || _isUnloadOwed)
            return MessageFault.WrongState;
        if (answer.VersionSupported != 0 && answer.ConnectionState == ConnectionState.Successful)
            PostDraining();
        else
            _isContactOwed = false;
        return TakeLate();
    }

    private void PostDraining()
    {
        _messageConnection = ContactConnection(_versions[_proposed]);
        PostNow(ChannelMessages.ToBytes(ChannelMessageType.Unload));
        _isUnloadOwed = true;
    }

    // Behind the answer to an unload there is none to an earlier contact.
    private void EndDrain()
    {
        _isUnloadOwed = false;
        _isContactOwed = false;
        if (Forget(RequestKind.Drain))
            Propose();
    }

    private MessageFault TakeUnloadResponse()
    {
        if (State == GuestConnectionState.Unloading && _isUnloadAnswered)
        {
            _isContactOwed = false;
            _isUnloadOwed = false;
            EndUnload(RequestOutcome.Completed);
            return MessageFault.None;
        }
        if (!_isUnloadOwed)
            return MessageFault.WrongState;
        EndDrain();
        return TakeLate();
    }

    private void ContactNotPosted(HypercallStatus status)
    {
        if (!Forget(RequestKind.Contact))
            return;
        if (status == HypercallStatus.InvalidConnectionId && _isRedirected && _messageConnection == MessageConnection.Redirect)
        {
            _isRedirected = false;
            Propose();
        }
        else if (status == HypercallStatus.InvalidConnectionId && _messageConnection != MessageConnection.Legacy)
        {
            // A host from before 5.0 has no such connection.
            int older = Array.FindIndex(_versions, _proposed, version => ContactConnection(version) == MessageConnection.Legacy);
            _proposed = (older < 0 ? _versions.Length : older) - 1;
            ProposeNext();
        }
        else
        {
            FailConnect(ConnectFailure.NotPosted);
        }
    }

    private void FailConnect(ConnectFailure reason)
    {
        BecomeDisconnected();
        Emit(new GuestEvent.ConnectFailed(reason));
    }

    // A host that could not be told that the guest leaves may still answer the earlier contact, so none is made.
    private void UnloadNotPosted()
    {
        if (State == GuestConnectionState.Unloading)
        {
            EndUnload(RequestOutcome.NotPosted);
            return;
        }

        _isUnloadOwed = false;
        if (Forget(RequestKind.Drain))
            FailConnect(ConnectFailure.NotPosted);
    }

    private void EndUnload(RequestOutcome outcome)
    {
        BecomeDisconnected();
        Finish(RequestKind.Unload, 0, outcome);
    }

    private void BecomeDisconnected()
    {
        DropPosts();
        State = GuestConnectionState.Disconnected;
        Negotiated = default;
        MonitorPages = default;
        AreServerMonitorPages = false;
        _areOffersRequested = false;
        _areOffersDelivered = false;
        _isModifyConnectionOwed = false;
        _isPauseOwed = false;
    }
}
