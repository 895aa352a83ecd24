using VmBus.Protocol;

namespace VmBus.Backends.Tests.Hostile;

/// <summary>What a guest that behaves has told its host: where its monitor pages are.</summary>
internal sealed class SeenMessages : IMessageObserver
{
    private long _parentToChild;
    private long _childToParent;

    public ulong[] MonitorPages => [(ulong)Volatile.Read(ref _parentToChild), (ulong)Volatile.Read(ref _childToParent)];

    public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
    {
        if (direction != MessageDirection.GuestToHost || message.Length < InitiateContact.Size || message[0] != (byte)ChannelMessageType.InitiateContact)
            return;
        InitiateContact contact = ChannelMessages.Read<InitiateContact>(message);
        Volatile.Write(ref _parentToChild, (long)contact.ParentToChildMonitorPage);
        Volatile.Write(ref _childToParent, (long)contact.ChildToParentMonitorPage);
    }
}
