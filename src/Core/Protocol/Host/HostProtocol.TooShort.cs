// Answers to messages that end too early. A guest that asked for something waits for its answer whatever it left out, so it is
// told no where the message still says whom to tell.

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    private const int OpenNamed = 16;           // relid and open id
    private const int GpadlNamed = 16;          // relid and handle
    private const int ModifyNamed = 12;         // relid
    private const int ReservedNamed = 20;       // relid and the slot of the answer

    private void AnswerTooShort(ChannelMessageType type, ReadOnlySpan<byte> message)
    {
        if (State == HostState.Paused)
            return;
        switch (type)
        {
            case ChannelMessageType.InitiateContact:
                SendAside(ChannelMessageType.VersionResponse, default(VersionResponse), DefaultTarget);
                break;
            case ChannelMessageType.OpenChannel when message.Length >= OpenNamed:
                OpenChannel open = ChannelMessages.Read<OpenChannel>(message);
                if (_relids[open.ChildRelid] is not { State: HostChannelState.Revoked } && !IsAsked(_relids[open.ChildRelid], open.OpenId))
                    SendOpenResult(open.ChildRelid, open.OpenId, ChannelMessageStatus.Unsuccessful, null);
                break;
            case ChannelMessageType.OpenReservedChannel when message.Length >= ReservedNamed:
                OpenReservedChannel reserved = ChannelMessages.Read<OpenReservedChannel>(message);
                MessageTarget target = TargetOf(reserved.TargetVp, reserved.TargetSint);
                if (IsPossible(target) && _relids[reserved.ChildRelid] is not { State: HostChannelState.Revoked or HostChannelState.Opening })
                    SendOpenResult(reserved.ChildRelid, 0, ChannelMessageStatus.Unsuccessful, target);
                break;
            case ChannelMessageType.GpadlHeader when message.Length >= GpadlNamed:
                GpadlHeader header = ChannelMessages.Read<GpadlHeader>(message);
                SendGpadlCreated(header.ChildRelid, header.Gpadl, ChannelMessageStatus.Unsuccessful);
                break;
            case ChannelMessageType.ModifyChannel when message.Length >= ModifyNamed:
                SendModifyResponse(ChannelMessages.Read<ModifyChannel>(message).ChildRelid, ChannelMessageStatus.Unsuccessful);
                break;
            case ChannelMessageType.ModifyConnection:
                Send(ChannelMessageType.ModifyConnectionResponse, new ModifyConnectionResponse { ConnectionState = ConnectionState.FailedUnknown });
                break;
        }
    }

    // Whether an open of that number waits for its answer: an answer to a repeated request would be taken for that of the first.
    private static bool IsAsked(HostChannel? channel, uint openId)
    {
        HostOpenRequest? pending = channel?.Reopen ?? (channel is { State: HostChannelState.Opening } ? channel.Request : null);
        return pending is not null && pending.OpenId == openId;
    }

    private MessageTarget TargetOf(uint vp, uint sint) => new(vp, (byte)Math.Min(sint, byte.MaxValue), _options.Vtl);
}
