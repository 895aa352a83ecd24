// The negotiation of a version and of where the monitor pages lie.

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    private bool _modifyAsked;

    /// <summary>Answers <see cref="HostAction.ModifyConnection"/>.</summary>
    /// <param name="state">Whether the new pages are in force; otherwise the old ones are.</param>
    /// <exception cref="InvalidOperationException">No such change waits for an answer.</exception>
    public void CompleteModifyConnection(ConnectionState state)
    {
        if (!_modifyAsked)
            throw new InvalidOperationException($"No change of the connection waits for an answer; the connection is {State}.");
        _modifyAsked = false;
        // Where the guest has left meanwhile, nothing but this was waited for.
        if (_connection is { } connection)
        {
            if (state == ConnectionState.Successful)
                connection.MonitorPages = connection.NextMonitorPages;
            Send(ChannelMessageType.ModifyConnectionResponse, new ModifyConnectionResponse { ConnectionState = state });
        }

        CheckDisconnected();
    }

    private MessageFault OnInitiateContact(ReadOnlySpan<byte> message)
    {
        InitiateContact2 contact2 = ChannelMessages.Read<InitiateContact2>(message);
        InitiateContact contact = contact2.Contact;
        ProtocolVersion version = contact.VersionRequested;
        var wanted = new NegotiatedVersion(version, version >= ProtocolVersion.Copper ? contact.FeatureFlags : FeatureFlags.None);
        if (wanted.Has(FeatureFlags.ClientId) && message.Length < InitiateContact2.Size)
        {
            AnswerTooShort(ChannelMessageType.InitiateContact, message);
            return MessageFault.TooShort;
        }

        // Messages went to VP 0 before 3.0; the SINT has a field from 5.0 on and the VTL from 5.1 on.
        var target = new MessageTarget(
            version >= ProtocolVersion.Win81 ? contact.TargetVp : 0,
            version >= ProtocolVersion.Win10Rs3V2 ? contact.TargetSint : _options.Sint,
            version >= ProtocolVersion.Win10Rs4 ? contact.TargetVtl : _options.Vtl);
        if (!IsPossible(target))
            return MessageFault.InvalidField;
        if (target.Sint != _options.Sint || target.Vtl != _options.Vtl)
        {
            SendAside(ChannelMessageType.VersionResponse, default(VersionResponse), target);
            return MessageFault.InvalidField;
        }

        ulong interruptPage = wanted.HasInterruptPage ? contact.InterruptPage : 0;
        Guid clientId = wanted.Has(FeatureFlags.ClientId) ? contact2.ClientId : Guid.Empty;
        bool pagesAgree = (contact.ParentToChildMonitorPage == 0) == (contact.ChildToParentMonitorPage == 0);
        Contact(new ContactRequest(wanted, target, interruptPage, contact.ParentToChildMonitorPage, contact.ChildToParentMonitorPage, clientId));
        return pagesAgree ? MessageFault.None : MessageFault.InvalidField;
    }

    private void Negotiate(in ContactRequest request)
    {
        _target = request.Target;
        if (!ProtocolVersion.Known.Contains(request.Version.Version) || request.Version.Version > _options.MaxVersion)
        {
            Send(ChannelMessageType.VersionResponse, default(VersionResponse));
            return;
        }

        FeatureFlags features = request.Version.Features & _options.Features;
        bool serverPages = _options.ServerMonitorPages is not null && features.HasFlag(FeatureFlags.ServerSpecifiedMonitorPages);
        if (!serverPages)
            features &= ~FeatureFlags.ServerSpecifiedMonitorPages;
        var version = new NegotiatedVersion(request.Version.Version, features);
        if ((request.ParentToChild == 0) != (request.ChildToParent == 0))
        {
            AnswerContact(version, ConnectionState.FailedUnknown, null);
            return;
        }

        MonitorPageAddresses? pages = serverPages ? _options.ServerMonitorPages
            : request.ParentToChild == 0 || _options.OnlyServerMonitorPages ? null
            : new MonitorPageAddresses(request.ParentToChild, request.ChildToParent);
        _connection = new HostConnection(version, pages, serverPages) { InterruptPage = request.InterruptPage, ClientId = request.ClientId };
        State = HostState.Connecting;
        Do(new HostAction.Connect(_connection.RequestFor(request.Target)));
    }

    private void AnswerContact(NegotiatedVersion version, ConnectionState state, MonitorPageAddresses? serverPages)
    {
        // Before 2.4 a guest knows supported and not supported only.
        bool supported = state == ConnectionState.Successful || version.Version >= ProtocolVersion.Win8;
        VersionResponse3 response = default;
        if (supported)
        {
            response.Response.Response.VersionSupported = 1;
            response.Response.Response.ConnectionState = state;
            response.Response.Response.ConnectionId = version.HostChoosesMessageConnection ? _options.MessageConnectionId : version.Version.Value;
        }

        response.Response.SupportedFeatures = version.Features;
        response.ParentToChildMonitorPage = serverPages?.ParentToChild ?? 0;
        response.ChildToParentMonitorPage = serverPages?.ChildToParent ?? 0;
        int length = version.Version < ProtocolVersion.Copper ? VersionResponse.Size : serverPages is null ? VersionResponse2.Size : VersionResponse3.Size;
        Send(ChannelMessageType.VersionResponse, response, length);
    }

    private MessageFault OnModifyConnection(in ModifyConnection message)
    {
        HostConnection connection = _connection!;
        bool possible = (message.ParentToChildMonitorPage == 0) == (message.ChildToParentMonitorPage == 0);
        if (!possible || _modifyAsked || connection.HasServerMonitorPages)
        {
            Send(ChannelMessageType.ModifyConnectionResponse, new ModifyConnectionResponse { ConnectionState = ConnectionState.FailedUnknown });
            return possible ? MessageFault.WrongState : MessageFault.InvalidField;
        }

        _modifyAsked = true;
        connection.NextMonitorPages = message.ParentToChildMonitorPage == 0 || _options.OnlyServerMonitorPages
            ? null : new MonitorPageAddresses(message.ParentToChildMonitorPage, message.ChildToParentMonitorPage);
        Do(new HostAction.ModifyConnection(connection.NextMonitorPages));
        return MessageFault.None;
    }

    private bool IsPossible(MessageTarget target) =>
        target.Vp < _options.VpCount && target.Sint <= HostProtocolOptions.MaxSint && target.Vtl <= HostProtocolOptions.MaxVtl;
}
