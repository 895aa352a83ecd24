// Moving the monitor pages. Facts: ModifyConnection of OpenVMM (vmbus_server channels.rs, vmbus_client).

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    private MonitorPageAddresses _wantedMonitorPages;
    private ConnectionState _connectionState;
    private bool _isModifyConnectionOwed;

    /// <summary>The monitor pages in force: the old ones until the host has answered that it looks at the new.</summary>
    public MonitorPageAddresses MonitorPages { get; private set; }

    /// <summary>Whether the host gave the monitor pages.</summary>
    public bool AreServerMonitorPages { get; private set; }

    /// <summary>
    /// Moves the monitor pages, or gives them up. Ends in <see cref="GuestEvent.ConnectionModified"/>. Channels may be open,
    /// reserved ones and those without interrupts too.
    /// </summary>
    /// <param name="parentToChildMonitorPage">The page the host signals through, or 0.</param>
    /// <param name="childToParentMonitorPage">The page the guest signals through, or 0; both or none.</param>
    /// <exception cref="ArgumentException">Only one is given, or one is not the start of a page.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no connection, it has not negotiated <see cref="FeatureFlags.ModifyConnection"/>, the pages are the host's,
    /// or the host still owes the answer to an earlier request.
    /// </exception>
    public void ModifyConnection(ulong parentToChildMonitorPage, ulong childToParentMonitorPage)
    {
        RequireFeature(FeatureFlags.ModifyConnection, "moving the monitor pages");
        var wanted = new MonitorPageAddresses(parentToChildMonitorPage, childToParentMonitorPage);
        if (!wanted.AreValid)
            throw new ArgumentException($"{wanted} are not pages, or one without the other.");
        if (AreServerMonitorPages)
            throw new InvalidOperationException("The monitor pages belong to the host and cannot be moved.");
        if (_isModifyConnectionOwed)
            throw new InvalidOperationException("The host has not yet answered an earlier move of the monitor pages.");
        _wantedMonitorPages = wanted;
        _isModifyConnectionOwed = true;
        Post(ChannelMessageType.ModifyConnection, new ModifyConnection
        {
            ParentToChildMonitorPage = parentToChildMonitorPage,
            ChildToParentMonitorPage = childToParentMonitorPage,
        });
        Start(RequestKind.ModifyConnection);
    }

    private MessageFault TakeModifyConnectionResponse(ModifyConnectionResponse response)
    {
        if (!_isModifyConnectionOwed)
            return MessageFault.WrongState;
        _isModifyConnectionOwed = false;
        _connectionState = response.ConnectionState;
        bool isSuccess = response.ConnectionState == ConnectionState.Successful;
        if (isSuccess)
            MonitorPages = _wantedMonitorPages;
        RequestResult result = new(RequestOutcome.Completed, isSuccess ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful);

        // Late or not, the driver has to hear of pages that are in force.
        if (Finish(RequestKind.ModifyConnection, 0, result))
            return MessageFault.None;
        Emit(new GuestEvent.ConnectionModified(result, response.ConnectionState, MonitorPages));
        return TakeLate();
    }

    private void ModifyConnectionNotPosted()
    {
        _isModifyConnectionOwed = false;
        Finish(RequestKind.ModifyConnection, 0, RequestOutcome.NotPosted);
    }

    private void RequireConnection()
    {
        if (!IsConnected)
            throw new InvalidOperationException($"There is no connection: it is {State}.");
    }

    private void RequireFeature(FeatureFlags feature, string what)
    {
        RequireConnection();
        if (!Negotiated.Has(feature))
            throw new InvalidOperationException($"The host does not support {what}: {feature} is not in {Negotiated}.");
    }

    private void RequireVersion(ProtocolVersion version, string what)
    {
        RequireConnection();
        if (Negotiated.Version < version)
            throw new InvalidOperationException($"The host does not support {what}: it needs {version}, and this is {Negotiated}.");
    }
}
