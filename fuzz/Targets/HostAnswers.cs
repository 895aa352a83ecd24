using VmBus.Layout.Messages;
using VmBus.Protocol.Host;

namespace VmBus.Fuzz;

/// <summary>What a driver answers its host.</summary>
internal static class HostAnswers
{
    /// <summary>Answers an action, where it has an answer.</summary>
    public static void Give(HostProtocol host, HostAction action, bool isGood)
    {
        ChannelMessageStatus status = isGood ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful;
        ConnectionState state = isGood ? ConnectionState.Successful : ConnectionState.FailedLowResources;
        switch (action)
        {
            case HostAction.Connect: host.CompleteConnect(state); break;
            case HostAction.Disconnect: host.CompleteDisconnect(); break;
            case HostAction.ModifyConnection: host.CompleteModifyConnection(state); break;
            case HostAction.TransportConnect connect: host.CompleteTransportConnect(connect.Endpoint, connect.Service, status); break;
            case HostAction.CreateGpadl create: host.CompleteCreateGpadl(create.Offer, create.Gpadl, status); break;
            case HostAction.TeardownGpadl teardown: host.CompleteTeardownGpadl(teardown.Offer, teardown.Gpadl); break;
            case HostAction.Open open: host.CompleteOpen(open.Offer, status); break;
            case HostAction.Close close: host.CompleteClose(close.Offer); break;
            case HostAction.Modify modify: host.CompleteModify(modify.Offer, status); break;
        }
    }
}
