using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>What a driver answers its host; the tests' drivers answer so too.</summary>
public static class HostAnswers
{
    /// <summary>Answers an action, where it has an answer.</summary>
    /// <param name="host">Whose action it is.</param>
    /// <param name="action">The action.</param>
    /// <param name="status">What a guest is told; a connection that is not granted is short of resources.</param>
    /// <returns>Whether it has one.</returns>
    internal static bool Give(HostProtocol host, HostAction action, ChannelMessageStatus status = ChannelMessageStatus.Success)
    {
        ArgumentNullException.ThrowIfNull(host);
        ConnectionState state = status == ChannelMessageStatus.Success ? ConnectionState.Successful : ConnectionState.FailedLowResources;
        switch (action)
        {
            case HostAction.Connect: host.CompleteConnect(state); return true;
            case HostAction.Disconnect: host.CompleteDisconnect(); return true;
            case HostAction.ModifyConnection: host.CompleteModifyConnection(state); return true;
            case HostAction.TransportConnect connect: host.CompleteTransportConnect(connect.Endpoint, connect.Service, status); return true;
            case HostAction.CreateGpadl create: host.CompleteCreateGpadl(create.Offer, create.Gpadl, status); return true;
            case HostAction.TeardownGpadl teardown: host.CompleteTeardownGpadl(teardown.Offer, teardown.Gpadl); return true;
            case HostAction.Open open: host.CompleteOpen(open.Offer, status); return true;
            case HostAction.Close close: host.CompleteClose(close.Offer); return true;
            case HostAction.Modify modify: host.CompleteModify(modify.Offer, status); return true;
            default: return false;
        }
    }
}
