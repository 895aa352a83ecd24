using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>
/// A host between its devices and a hostile guest. Input: one byte of options (1: no guest is there yet; the rest is the
/// version of the one that is), then operations: a code below 128 is the length of a message of the guest, which follows;
/// from 128 on it is one of <see cref="Operation"/>, with one byte.
/// </summary>
public static class HostTarget
{
    private static readonly HostProtocolOptions Options = new()
    {
        MaxChannels = 6,
        MonitorIds = 2,
        MaxGpadls = 7,
        MaxGpadlPages = 200,
        MaxWaitingAnswers = 5,
        MaxTransportConnects = 3,
        VpCount = 4,
        Features = (FeatureFlags)0xFF,
        ServerMonitorPages = new MonitorPageAddresses(0x8000, 0x9000),
    };

    /// <summary>What the host's own side does; above 128.</summary>
    public enum Operation : byte
    {
        /// <summary>Answers what a device was asked first, well.</summary>
        Answer,

        /// <summary>Answers something, perhaps badly.</summary>
        AnswerAny,

        /// <summary>Posts so many messages.</summary>
        Post,

        /// <summary>Posts one that is refused.</summary>
        PostBadly,

        /// <summary>So many milliseconds pass.</summary>
        Wait,

        /// <summary>A device is offered.</summary>
        Offer,

        /// <summary>One is revoked.</summary>
        Revoke,

        /// <summary>The guest is reset.</summary>
        Reset,

        /// <summary>The guest says something of its longest: 240 bytes of what follows.</summary>
        LongMessage,
    }

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        var run = new HostRun();
        run.Begin((options & 1) == 0 ? ProtocolVersion.Known[(options >> 1) % ProtocolVersion.Known.Count] : null);
        while (!input.IsEmpty)
        {
            byte code = input.Byte();
            var operation = (Operation)((code - 128) % ((int)Operation.LongMessage + 1));
            if (code < 128)
                run.Receive(input.Take(code));
            else if (operation == Operation.LongMessage)
                run.Receive(input.Take(ChannelMessages.MaxLength));
            else
                run.Do(operation, input.Byte());
            run.Check();
        }

        run.End();
    }

    private sealed class HostRun
    {
        private readonly ManualClock _clock = new();
        private readonly List<HostAction> _asked = [];
        private readonly List<OfferId> _offers = [];
        private readonly HostProtocol _host;
        private int _instances;

        public HostRun() => _host = new HostProtocol(Options, _clock);

        public void Begin(ProtocolVersion? version)
        {
            Do(Operation.Offer, 1);
            Do(Operation.Offer, 0);
            if (version is not { } spoken)
                return;
            var contact = new InitiateContact { VersionRequested = spoken, ParentToChildMonitorPage = 0x1000, ChildToParentMonitorPage = 0x2000 };
            if (spoken >= ProtocolVersion.Win10Rs3V2)
                contact.TargetSint = SynicMsr.VmBusSint;
            if (spoken >= ProtocolVersion.Copper)
                contact.FeatureFlags = (FeatureFlags)0x3F;
            Receive(ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact2 { Contact = contact }));
            Do(Operation.Answer, 0);
            Receive(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers));
            Do(Operation.Post, 255);
            FindingException.Unless(_host.State == HostState.Connected && _host.RelidsInUse == 2, "A good guest found no channels.");
        }

        public void Receive(ReadOnlySpan<byte> message)
        {
            if (!_host.CanReceive)
                return;
            long faults = _host.Faults.Total;
            MessageFault fault = _host.Receive(message);
            FindingException.Unless(_host.Faults.Total == faults + (fault == MessageFault.None ? 0 : 1), "A fault was miscounted.");
            Take();
        }

        public void Do(Operation operation, byte value)
        {
            switch (operation)
            {
                case Operation.Answer:
                    AnswerAt(0, true);
                    break;
                case Operation.AnswerAny when _asked.Count > 0:
                    AnswerAt((value >> 1) % _asked.Count, (value & 1) == 0);
                    break;
                case Operation.Post:
                    for (int posts = value; posts >= 0 && Post(HypercallStatus.Success); posts--)
                    {
                    }

                    break;
                case Operation.PostBadly:
                    Post((value & 1) == 0 ? HypercallStatus.ObjectInUse : HypercallStatus.InvalidVpIndex);
                    break;
                case Operation.Wait:
                    _clock.Advance(TimeSpan.FromMilliseconds(value));
                    break;
                case Operation.Offer when _host.CanOffer:
                    _offers.Add(_host.Offer(new HostOffer(default, new Guid(++_instances, 0, 0, new byte[8])) { MonitorLatency = (value & 1) == 0 ? null : TimeSpan.FromMicroseconds(100) }));
                    break;
                case Operation.Revoke when _offers.Count > 0:
                    OfferId revoked = _offers[value % _offers.Count];
                    _offers.Remove(revoked);
                    _host.Revoke(revoked);
                    break;
                case Operation.Reset:
                    _host.Reset();
                    break;
            }

            Take();
        }

        public void Check()
        {
            FindingException.Unless(_host.GpadlCount >= 0 && _host.GpadlCount <= Options.MaxGpadls && _host.GpadlPages >= 0 && _host.GpadlPages <= Options.MaxGpadlPages, $"The guest has {_host.GpadlCount} GPADLs of {_host.GpadlPages} pages.");
            FindingException.Unless(_host.RelidsInUse <= Options.MaxChannels && _host.MonitorIdsInUse <= Options.MonitorIds, $"{_host.RelidsInUse} relids and {_host.MonitorIdsInUse} monitors are in use.");
            FindingException.Unless(_host.WaitingAnswers <= Options.MaxWaitingAnswers + 64, $"{_host.WaitingAnswers} answers wait.");
            FindingException.Unless(_asked.Count <= 64, $"{_asked.Count} actions wait.");
            FindingException.Unless(_host.Negotiated.IsNegotiated == _host.State is HostState.Connected or HostState.Paused, $"{_host.State}, and {_host.Negotiated}.");
        }

        public void End()
        {
            _host.Reset();
            Take();
            while (_asked.Count > 0)
                AnswerAt(0, true);
            FindingException.Unless(_host.State == HostState.Disconnected, $"After a reset it is {_host.State}.");
            FindingException.Unless(_host is { RelidsInUse: 0, MonitorIdsInUse: 0, GpadlCount: 0, GpadlPages: 0, WaitingMessages: 0 }, "A reset leaves something behind.");
        }

        private void Take()
        {
            while (_host.TryTakeAction(out HostAction action))
            {
                if (action is not (HostAction.Offered or HostAction.Released))
                    _asked.Add(action);
            }
        }

        private bool Post(HypercallStatus status)
        {
            if (!_host.TryPeekPost(out QueuedMessage message))
                return false;
            FindingException.Unless(message.Bytes.Length is >= ChannelMessageHeader.Size and <= ChannelMessages.MaxLength, $"{message.Type} has {message.Bytes.Length} bytes.");
            _host.CompletePost(status);
            return true;
        }

        private void AnswerAt(int index, bool well)
        {
            if (_asked.Count == 0)
                return;
            HostAction action = _asked[index];
            _asked.RemoveAt(index);
            HostAnswers.Give(_host, action, well ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful);
            Take();
        }
    }
}
