using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

/// <summary>Each message of a guest, cut at each length, in each version, in each condition of connection and channel.</summary>
public sealed class HostMessageTableTests
{
    private const uint Rings = 0xE1E10;

    public enum Condition
    {
        Disconnected,
        Connecting,
        Disconnecting,
        Negotiated,
        Closed,
        Opening,
        Open,
        Closing,
        Reopening,
        Modifying,
        Assembling,
        GpadlOffered,
        GpadlTearingDown,
        Revoked,
        Released,
        Reserved,
        ReservedClosing,
        ModifyingConnection,
        Paused,
    }

    public static TheoryData<Condition> Conditions => [.. Enum.GetValues<Condition>()];

    [Theory]
    [MemberData(nameof(Conditions))]
    public void Every_message_of_every_length_in_every_version_answers_as_stated(Condition condition)
    {
        int cases = 0;
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            foreach (FeatureFlags features in version >= ProtocolVersion.Copper ? (FeatureFlags[])[FeatureFlags.None, ScriptedGuest.AllFeatures] : [FeatureFlags.None])
            {
                if (Make(condition, version, features) is null)
                    continue;
                for (uint number = 0; number <= 31; number++)
                {
                    byte[] whole = Message((ChannelMessageType)number);
                    ScriptedGuest guest = Make(condition, version, features)!;
                    for (int length = 0; length <= whole.Length; length++, cases++)
                    {
                        // A message that has not the form leaves no trace, so that the same guest goes on.
                        if (!Case(guest, condition, (ChannelMessageType)number, whole.AsSpan(0, length)))
                            guest = Make(condition, version, features)!;
                    }
                }
            }
        }

        Assert.True(cases > 1000, $"only {cases} cases");
    }

    private static bool Case(ScriptedGuest guest, Condition condition, ChannelMessageType type, ReadOnlySpan<byte> message)
    {
        HostProtocol host = guest.Host;
        HostState before = host.State;
        NegotiatedVersion negotiated = host.Negotiated;
        long counted = host.Faults.Total;
        (int, int, int, long) held = Held(host);

        MessageFault fault = host.Receive(message);

        string what = $"{condition}, {negotiated}: {type} of {message.Length} bytes: {fault}";
        MessageFault form = ChannelMessages.Check(message, MessageDirection.GuestToHost, negotiated, out _);
        if (form != MessageFault.None && fault != form)
            Assert.Fail($"{what} instead of {form}.");
        if (form == MessageFault.None && fault != Expected(condition, type, message.Length, negotiated))
            Assert.Fail($"{what} instead of {Expected(condition, type, message.Length, negotiated)}.");
        if (host.Faults.Total - counted != (fault == MessageFault.None ? 0 : 1) || (fault != MessageFault.None && host.Faults[fault] == 0))
            Assert.Fail($"{what}, counted {host.Faults.Total - counted} times.");

        List<QueuedMessage> posts = guest.Posts();
        List<HostAction> actions = guest.Actions();
        guest.Unanswered.AddRange(actions);
        if (fault != MessageFault.None)
        {
            bool answered = form == MessageFault.None ? HasAnswer(condition, type, fault, negotiated)
                : form == MessageFault.TooShort && condition != Condition.Paused && message.Length >= 8 && HasShortAnswer(condition, type, message.Length, negotiated);
            if (posts.Count != (answered ? 1 : 0) || actions.Count != 0 || host.State != before || Held(host) != held)
                Assert.Fail($"{what}, {posts.Count} answers, {actions.Count} actions, {host.State} after {before}.");
        }

        if (form != MessageFault.None)
            return true;

        // Whatever it was, the guest's going ends it, and nothing stays behind.
        host.Reset();
        foreach (HostAction action in guest.Unanswered)
            guest.Answer(action);
        guest.DoAll();
        guest.NothingLeaks();
        return false;
    }

    // What the protocol answers to a message that is well formed, its one channel, GPADL and field values being good.
    private static MessageFault Expected(Condition condition, ChannelMessageType type, int length, NegotiatedVersion negotiated)
    {
        bool known = condition is not (Condition.Negotiated or Condition.Released);
        bool revoked = condition == Condition.Revoked;
        // What is about to end with the connection is no fault when it comes too late.
        if (condition is Condition.Disconnected or Condition.Connecting or Condition.Disconnecting)
            return type == ChannelMessageType.CloseReservedChannel ? MessageFault.UnknownTarget : MessageFault.None;
        if (condition == Condition.Paused && type is not (ChannelMessageType.Resume or ChannelMessageType.Unload or ChannelMessageType.InitiateContact))
            return MessageFault.WrongState;
        switch (type)
        {
            case ChannelMessageType.RequestOffers:
                return condition == Condition.Negotiated ? MessageFault.None : MessageFault.WrongState;
            case ChannelMessageType.Resume:
                return condition == Condition.Paused ? MessageFault.None : MessageFault.WrongState;
            case ChannelMessageType.OpenChannel when !known:
                return MessageFault.UnknownTarget;
            case ChannelMessageType.OpenChannel or ChannelMessageType.OpenReservedChannel when revoked:
                return MessageFault.None;
            case ChannelMessageType.OpenChannel:
                return condition switch
                {
                    Condition.GpadlOffered or Condition.Assembling or Condition.GpadlTearingDown => MessageFault.WrongState,
                    Condition.Closed or Condition.Closing or Condition.ModifyingConnection => MessageFault.None,
                    _ => MessageFault.WrongState,
                };
            case ChannelMessageType.OpenReservedChannel when !known:
                return MessageFault.UnknownTarget;
            case ChannelMessageType.OpenReservedChannel:
                return condition is Condition.Closed or Condition.ModifyingConnection ? MessageFault.None : MessageFault.WrongState;
            case ChannelMessageType.CloseChannel:
                return !known ? MessageFault.UnknownTarget
                    : condition is Condition.Open or Condition.Modifying or Condition.Revoked ? MessageFault.None : MessageFault.WrongState;
            case ChannelMessageType.CloseReservedChannel:
                return !known ? MessageFault.UnknownTarget : condition is Condition.Reserved or Condition.Revoked ? MessageFault.None : MessageFault.WrongState;
            case ChannelMessageType.GpadlHeader:
                return !known ? MessageFault.UnknownTarget
                    : condition is Condition.Reserved or Condition.ReservedClosing ? MessageFault.WrongState : MessageFault.InvalidField;
            case ChannelMessageType.GpadlBody:
                return condition != Condition.Assembling ? MessageFault.UnknownTarget : length < GpadlBody.Size + 8 ? MessageFault.TooShort : MessageFault.None;
            case ChannelMessageType.GpadlTeardown:
                return !known ? MessageFault.UnknownTarget
                    : condition is Condition.Assembling or Condition.GpadlOffered or Condition.GpadlTearingDown or Condition.Reserved or Condition.ReservedClosing
                        ? MessageFault.WrongState : MessageFault.None;
            case ChannelMessageType.RelidReleased:
                return !known ? MessageFault.UnknownTarget
                    : condition is Condition.Opening or Condition.Open or Condition.Modifying or Condition.Reopening or Condition.Reserved
                        ? MessageFault.WrongState : MessageFault.None;
            case ChannelMessageType.ModifyChannel when !known:
                return MessageFault.UnknownTarget;
            case ChannelMessageType.ModifyChannel:
                return condition == Condition.Open || (condition == Condition.Modifying && !negotiated.AnswersModifyChannel) ? MessageFault.None : MessageFault.WrongState;
            case ChannelMessageType.ModifyConnection:
                return condition == Condition.ModifyingConnection ? MessageFault.WrongState : MessageFault.None;
            default:
                return MessageFault.None;
        }
    }

    private static bool HasAnswer(Condition condition, ChannelMessageType type, MessageFault fault, NegotiatedVersion negotiated) => condition != Condition.Paused && type switch
    {
        ChannelMessageType.OpenChannel => condition is not (Condition.Opening or Condition.Reopening),
        ChannelMessageType.OpenReservedChannel => condition != Condition.Opening,
        ChannelMessageType.GpadlHeader => true,
        ChannelMessageType.ModifyChannel => negotiated.AnswersModifyChannel && !(condition == Condition.Modifying && fault == MessageFault.WrongState),
        ChannelMessageType.ModifyConnection => true,
        _ => false,
    };

    // A message that ends too early is refused where it says whom to tell.
    private static bool HasShortAnswer(Condition condition, ChannelMessageType type, int length, NegotiatedVersion negotiated) => type switch
    {
        ChannelMessageType.InitiateContact => true,
        ChannelMessageType.OpenChannel => length >= 16 && condition is not (Condition.Opening or Condition.Reopening or Condition.Revoked),
        ChannelMessageType.OpenReservedChannel => length >= 20 && condition is not (Condition.Opening or Condition.Revoked),
        ChannelMessageType.GpadlHeader => length >= 16,
        ChannelMessageType.ModifyChannel => length >= 12 && negotiated.AnswersModifyChannel,
        ChannelMessageType.ModifyConnection => true,
        _ => false,
    };

    // A message with a channel, a GPADL and fields that are there in every condition: relid 1, the rings, VP 1.
    private static byte[] Message(ChannelMessageType type) => type switch
    {
        ChannelMessageType.InitiateContact => Filled(type, new InitiateContact { VersionRequested = ProtocolVersion.Iron, TargetSint = SynicMsr.VmBusSint }),
        ChannelMessageType.OpenChannel => Filled(type, new OpenChannel2
        {
            Open = new OpenChannel { ChildRelid = 1, OpenId = 8, RingBufferGpadl = Rings, TargetVp = 1, DownstreamPageOffset = 2 },
            ConnectionId = 3,
            EventFlag = 4,
        }),
        ChannelMessageType.GpadlHeader => Filled(type, new GpadlHeader { ChildRelid = 1, Gpadl = 0x99, RangeBufferLength = 12, RangeCount = 1 }),
        ChannelMessageType.GpadlBody => Filled(type, new GpadlBody { Gpadl = Rings }),
        ChannelMessageType.GpadlTeardown => Filled(type, new GpadlTeardown { ChildRelid = 1, Gpadl = Rings }),
        ChannelMessageType.OpenReservedChannel => Filled(type, new OpenReservedChannel
        {
            ChildRelid = 1,
            TargetVp = 1,
            TargetSint = 2,
            RingBufferGpadl = Rings,
            DownstreamPageOffset = 2,
        }),
        ChannelMessageType.CloseReservedChannel => Filled(type, new CloseReservedChannel { ChildRelid = 1, TargetVp = 1, TargetSint = 2 }),
        _ => Filled(type, new ModifyChannel { ChildRelid = 1, TargetVp = 1 }),
    };

    private static byte[] Filled<T>(ChannelMessageType type, T message) where T : unmanaged
    {
        byte[] bytes = new byte[ChannelMessages.MaxLength + 1];
        ChannelMessages.ToBytes(type, message).CopyTo(bytes, 0);
        // Monitor pages come in pairs.
        if (type == ChannelMessageType.ModifyConnection)
            bytes.AsSpan(8).Clear();
        return bytes;
    }

    private static ScriptedGuest? Make(Condition condition, ProtocolVersion version, FeatureFlags features)
    {
        if (condition is Condition.Reserved or Condition.ReservedClosing && version < ProtocolVersion.Win10)
            return null;
        if (condition == Condition.Modifying && version < ProtocolVersion.Win10Rs3)
            return null;
        if (condition is Condition.Paused or Condition.ModifyingConnection && features == FeatureFlags.None)
            return null;

        var guest = new ScriptedGuest();
        OfferId offer = guest.Offer(latency: TimeSpan.FromMicroseconds(100));
        if (condition == Condition.Disconnected)
            return guest;
        if (condition == Condition.Connecting)
        {
            guest.Contact(version, features);
            guest.Unanswered.AddRange(guest.Actions());
            return guest;
        }

        guest.Connected(version, features, requestOffers: condition != Condition.Negotiated);
        if (condition == Condition.Negotiated)
            return guest;
        if (condition is Condition.Assembling)
            guest.Host.Receive(ScriptedGuest.GpadlMessage(1, Rings, 1000 * 8, 1, []));
        else if (condition is Condition.GpadlOffered)
            guest.SendGpadl(1, Rings);
        else
            guest.CreateGpadl(offer, Rings);

        if (condition is Condition.Reserved or Condition.ReservedClosing)
        {
            guest.SendOpenReserved();
            guest.DoAll();
        }
        else if (condition is Condition.Opening or Condition.Open or Condition.Closing or Condition.Reopening or Condition.Modifying or Condition.Disconnecting)
        {
            guest.SendOpen(openId: 8);
            if (condition != Condition.Opening)
                guest.DoAll();
        }

        switch (condition)
        {
            case Condition.Closing or Condition.Reopening: guest.SendClose(); break;
            case Condition.Modifying: guest.SendModify(2); break;
            case Condition.GpadlTearingDown: guest.SendTeardown(); break;
            case Condition.Revoked: guest.Host.Revoke(offer); break;
            case Condition.Released: guest.SendReleased(); guest.DoAll(); break;
            case Condition.ReservedClosing: guest.SendCloseReserved(); break;
            case Condition.ModifyingConnection: guest.Send(ChannelMessageType.ModifyConnection, default(ModifyConnection)); break;
            case Condition.Paused: guest.Send(ChannelMessageType.Pause); break;
            case Condition.Disconnecting: guest.Send(ChannelMessageType.Unload); break;
        }

        if (condition == Condition.Reopening)
            guest.SendOpen(openId: 8);
        guest.Unanswered.AddRange(guest.Actions());
        guest.Posts();
        return guest;
    }

    private static (int, int, int, long) Held(HostProtocol host) => (host.RelidsInUse, host.MonitorIdsInUse, host.GpadlCount, host.GpadlPages);
}
