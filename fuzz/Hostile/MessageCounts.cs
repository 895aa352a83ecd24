using VmBus.Protocol;

namespace VmBus.Fuzz.Hostile;

/// <summary>Counts what a guest says and is refused, by kind; and knows where the guest's monitor pages are.</summary>
internal sealed class MessageCounts(RunReport report) : IMessageObserver
{
    private long _parentToChild;
    private long _childToParent;

    public ulong[] MonitorPages => [(ulong)Volatile.Read(ref _parentToChild), (ulong)Volatile.Read(ref _childToParent)];

    public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
    {
        if (direction == MessageDirection.GuestToHost)
        {
            report.Count(fault == MessageFault.None ? "messages taken" : $"messages refused: {fault}");
            if (fault == MessageFault.None && message[0] == (byte)ChannelMessageType.InitiateContact && message.Length >= InitiateContact.Size)
            {
                InitiateContact contact = ChannelMessages.Read<InitiateContact>(message);
                Volatile.Write(ref _parentToChild, (long)contact.ParentToChildMonitorPage);
                Volatile.Write(ref _childToParent, (long)contact.ChildToParentMonitorPage);
            }

            return;
        }

        string? answer = (ChannelMessageType)message[0] switch
        {
            ChannelMessageType.OpenChannelResult => $"opens: {Outcome(ChannelMessages.Read<OpenChannelResult>(message).Status)}",
            ChannelMessageType.GpadlCreated => $"GPADLs: {Outcome(ChannelMessages.Read<GpadlCreated>(message).Status)}",
            ChannelMessageType.TlConnectResult => $"socket connects: {Outcome(ChannelMessages.Read<TlConnectResult>(message).Status)}",
            _ => null,
        };
        if (answer is not null)
            report.Count(answer);
    }

    private static string Outcome(ChannelMessageStatus status) => status == ChannelMessageStatus.Success ? "made" : $"refused, {status}";
}
