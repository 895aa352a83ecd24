using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Both;

internal sealed partial class Play
{
    private const int RelidAt = 8;
    private const int GpadlAt = 12;

    private Race? RaceOfHost(ChannelMessageType type, MessageFault fault, byte[] message)
    {
        if (_user.HasLost || _formerHadLost)
            return Race.BehindWhatWasNotPosted;
        switch (type)
        {
            case ChannelMessageType.ModifyChannel when fault == MessageFault.WrongState && _devices.IsRevoked(WordAt(message, RelidAt)):
                return Race.ModifyCrossedRevoke;
            case ChannelMessageType.OpenReservedChannel when fault == MessageFault.WrongState && _devices.IsClosing(WordAt(message, RelidAt)):
                return Race.ReservedOpenOvertookClose;
            case ChannelMessageType.GpadlHeader when fault == MessageFault.LimitExceeded:
                _tally.Count(Situation.GpadlOverLimit);
                _refusedGpadls.Add(WordAt(message, GpadlAt));
                return Race.MemoryBeyondLimit;
            case ChannelMessageType.GpadlBody when fault == MessageFault.UnknownTarget && _refusedGpadls.Contains(WordAt(message, GpadlAt)):
                return Race.MemoryBeyondLimit;
            default:
                return null;
        }
    }

    private Race? RaceOfGuest(ChannelMessageType type, MessageFault fault, byte[] message, GuestConnectionState before, bool isAside)
    {
        if (before is GuestConnectionState.Disconnected or GuestConnectionState.Negotiating or GuestConnectionState.Unloading)
            return Race.SaidBeforeLeaving;
        if (_user.HasLost)
            return Race.BehindWhatWasNotPosted;
        if (isAside)
            return Race.ReservedAnswerOutOfTime;
        if (fault != MessageFault.UnknownTarget)
            return null;
        switch (type)
        {
            case ChannelMessageType.RescindOffer or ChannelMessageType.OpenChannelResult or ChannelMessageType.ModifyChannelResponse
                when _user.GivenBack.Contains(WordAt(message, RelidAt)):
            case ChannelMessageType.GpadlTorndown when _user.GivenBack.Contains(WordAt(message, RelidAt)):
            case ChannelMessageType.GpadlCreated when _user.GivenBack.Contains(WordAt(message, GpadlAt)):
                return Race.AboutWhatWasGivenBack;
            case ChannelMessageType.RescindOffer when _orphans.Contains(WordAt(message, RelidAt)) || _user.Orphans.Contains(WordAt(message, RelidAt)):
                return Race.AboutWhatWasGivenBack;
            case ChannelMessageType.RescindOffer or ChannelMessageType.OpenChannelResult or ChannelMessageType.CloseReservedChannelResponse
                when _orphans.Contains(WordAt(message, RelidAt)) || _user.Orphans.Contains(WordAt(message, RelidAt)) || _user.GivenBack.Contains(WordAt(message, RelidAt)):
                return Race.AboutWhatWasGivenBack;
            case ChannelMessageType.TlConnectResult when _user.AskedForSockets:
                return Race.SocketRefusedLate;
            default:
                return null;
        }
    }
}
