using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>A host's devices and driver as a model: what they may be asked, what they hold of a guest's, and what they owe.</summary>
internal sealed class ModelHost(HostProtocol protocol, HostProtocolOptions options, Tally tally, Action<string>? log) : IReadOnlyDevices
{
    public static readonly Guid SocketClass = new(3, 3, 3, new byte[8]);
    private static readonly Guid DeviceClass = new(5, 5, 5, new byte[8]);

    internal sealed class Device(OfferId id, HostOffer offer)
    {
        public readonly OfferId Id = id;
        public readonly HostOffer Offer = offer;
        public readonly Dictionary<uint, ulong> Gpadls = [];
        public HostOpenRequest? Open;
    }

    /// <summary>A channel that the guest knows.</summary>
    internal sealed class Known(OfferId offer, int? monitor, uint connection)
    {
        public readonly OfferId Offer = offer;
        public readonly int? Monitor = monitor;
        public readonly uint Connection = connection;
    }

    private readonly Dictionary<OfferId, Device> _devices = [];
    private readonly Dictionary<uint, Known> _known = [];
    private readonly HashSet<ulong> _held = [];
    private readonly List<HostAction> _unanswered = [];
    private readonly HashSet<int> _goneBefore = [];
    private bool _connected;

    /// <summary>Whether a device may take that memory.</summary>
    public required Func<ulong, bool> MayBeTouched { get; init; }

    /// <summary>Whether the guest still takes a rescind.</summary>
    public required Func<bool> GuestListens { get; init; }

    public int Unanswered => _unanswered.Count;

    public IReadOnlyDictionary<uint, Known> KnownToGuest => _known;

    public IEnumerable<Device> Devices => _devices.Values;

    public bool Hold(ulong frame) => _held.Contains(frame);

    public bool IsRevoked(uint relid) => _known.TryGetValue(relid, out Known? known) && !_devices.ContainsKey(known.Offer);

    public Device? DeviceOf(uint relid) => _known.TryGetValue(relid, out Known? known) ? _devices.GetValueOrDefault(known.Offer) : null;

    public bool IsClosing(uint relid) => _unanswered.Exists(action => action is HostAction.Close close && _known.TryGetValue(relid, out Known? known) && known.Offer == close.Offer);

    public void DoSomething(ref Dice dice)
    {
        if (dice.Below(5) < 3)
            Offer(ref dice);
        else
            Revoke(ref dice);
    }

    public void Offer(ref Dice dice)
    {
        if (!protocol.CanOffer)
            return;
        int instance = dice.Below(3);
        ushort subchannel = 0;
        Device? primary = _devices.Values.FirstOrDefault(device => device.Offer.InterfaceInstance.Equals(Instance(instance)) && device.Offer.SubchannelIndex == 0);
        if (primary is not null)
        {
            // A subchannel is offered where the guest has heard of the primary.
            subchannel = (ushort)(1 + dice.Below(2));
            if (IsForReserved(primary.Offer.InterfaceInstance) || !_known.Values.Any(known => known.Offer == primary.Id))
                return;
        }

        if (_devices.Values.Any(device => device.Offer.InterfaceInstance.Equals(Instance(instance)) && device.Offer.SubchannelIndex == subchannel))
            return;
        Add(new HostOffer(DeviceClass, Instance(instance))
        {
            SubchannelIndex = subchannel,
            MonitorLatency = dice.OneIn(3) ? null : TimeSpan.FromMicroseconds(100),
            HasDedicatedInterrupt = dice.OneIn(2),
        });
        if (!_goneBefore.Add(instance))
            tally.Count(Situation.DeviceComesBack);
    }

    public void Revoke(ref Dice dice)
    {
        if (_devices.Count == 0)
            return;
        Device device = _devices.Values.ElementAt(dice.Below(_devices.Count));
        if (device.Offer.SubchannelIndex == 0)
        {
            foreach (Device other in _devices.Values.Where(other => other.Offer.SubchannelIndex != 0 && other.Offer.InterfaceInstance == device.Offer.InterfaceInstance).ToArray())
                Revoke(other);
        }

        Revoke(device);
    }

    /// <summary>Answers something, not always the oldest, not always well.</summary>
    public void Answer(ref Dice dice, bool well = false)
    {
        Observe();
        if (_unanswered.Count == 0)
            return;
        int index = dice.OneIn(2) ? 0 : dice.Below(_unanswered.Count);
        HostAction action = _unanswered[index];
        _unanswered.RemoveAt(index);
        Answer(action, well || !dice.OneIn(8));
        Observe();
    }

    /// <summary>Takes what the host wants done, and checks that it may be wanted.</summary>
    public void Observe()
    {
        while (protocol.TryTakeAction(out HostAction action))
        {
            log?.Invoke($"    host: {action}");
            Take(action);
            if (action is not (HostAction.Offered or HostAction.Released))
                _unanswered.Add(action);
        }

        LawException.Unless(protocol.RelidsInUse == _known.Count, $"{protocol.RelidsInUse} relids are in use, of {_known.Count} channels.");
        LawException.Unless(protocol.MonitorIdsInUse == MonitorsInUse(), $"{protocol.MonitorIdsInUse} monitors are in use, of {MonitorsInUse()} channels.");
        LawException.Unless(protocol.GpadlPages <= options.MaxGpadlPages, $"The guest has {protocol.GpadlPages} pages, of {options.MaxGpadlPages}.");
        LawException.Unless(protocol.WaitingAnswers <= options.MaxWaitingAnswers + 60, $"{protocol.WaitingAnswers} answers wait.");
        LawException.Unless(protocol.Negotiated.IsNegotiated == protocol.State is HostState.Connected or HostState.Paused, $"{protocol.State}, and {protocol.Negotiated}.");
    }

    /// <summary>
    /// Whether that device may have a reserved channel. It has no subchannels: a guest that comes again would be offered those
    /// without their primary.
    /// </summary>
    public static bool IsForReserved(Guid instance) => instance == Instance(2);

    private static Guid Instance(int number) => new(number, 0, 0, new byte[8]);

    private int MonitorsInUse()
    {
        int count = 0;
        foreach (Known known in _known.Values)
            count += known.Monitor is null ? 0 : 1;
        return count;
    }

    private void Add(HostOffer offer)
    {
        tally.Count("Offer");
        log?.Invoke($"  host offers {offer.InterfaceInstance.ToString()[..8]}.{offer.SubchannelIndex}");
        OfferId id = protocol.Offer(offer);
        _devices.Add(id, new Device(id, offer));
    }

    private void Revoke(Device device)
    {
        // Nobody would tell the guest, when it comes again, that a channel is gone which outlived its connection.
        if (device.Open is { IsReserved: true } && !(protocol.Negotiated.IsNegotiated && GuestListens()))
            return;
        tally.Count("Revoke");
        log?.Invoke($"  host revokes {device.Id}");
        _devices.Remove(device.Id);
        foreach (ulong frame in device.Gpadls.Values)
            _held.Remove(frame);
        protocol.Revoke(device.Id);
    }

    private void Take(HostAction action)
    {
        switch (action)
        {
            case HostAction.Connect:
                LawException.Unless(!_connected && !_unanswered.Exists(IsOfConnection), "Two contacts at a time.");
                break;
            case HostAction.Disconnect:
                LawException.Unless(!_unanswered.Exists(IsOfConnection), "Something of the connection is under way at its end.");
                LawException.Unless(_devices.Values.All(device => device.Open is { IsReserved: true } || (device.Open is null && device.Gpadls.Count == 0)), "A device holds something at the connection's end.");
                break;
            case HostAction.ModifyConnection:
                LawException.Unless(_connected && !_unanswered.Exists(other => other is HostAction.ModifyConnection), "Monitor pages are moved without a connection, or twice.");
                break;
            case HostAction.CreateGpadl create:
                ulong frame = create.Ranges[0].PageFrames.Span[0];
                LawException.Unless(create.Ranges.All(range => range.PageFrames.Length == GpadlRange.PageCount(range.ByteOffset, range.ByteCount)), "A range has other pages than it says.");
                LawException.Unless(MayBeTouched(frame), $"A device gets memory {frame:X}, which is the guest's again.");
                LawException.Unless(_devices[create.Offer].Gpadls.TryAdd(create.Gpadl, frame) && _held.Add(frame), $"GPADL {create.Gpadl:X} was made twice.");
                break;
            case HostAction.TeardownGpadl teardown:
                Device torn = _devices[teardown.Offer];
                LawException.Unless(torn.Gpadls.ContainsKey(teardown.Gpadl) && torn.Open?.Gpadl != teardown.Gpadl, $"GPADL {teardown.Gpadl:X} is torn down under open rings, or twice.");
                break;
            case HostAction.Open open:
                Device opened = _devices[open.Offer];
                LawException.Unless(opened.Open is null && opened.Gpadls.ContainsKey(open.Request.Gpadl), $"{open.Offer} is opened twice, or over no memory.");
                LawException.Unless(!open.Request.IsReserved || (open.Request.MonitorId is null && open.Request.TargetVp is null), "A reserved channel has a monitor or a VP.");
                opened.Open = open.Request;
                break;
            case HostAction.Close close:
                LawException.Unless(_devices[close.Offer].Open is not null, $"{close.Offer} is closed and was not open.");
                LawException.Unless(!_unanswered.Exists(other => other == close || (other is HostAction.Open open && open.Offer == close.Offer)), $"{close.Offer} is closed twice, or while it opens.");
                break;
            case HostAction.Modify modify:
                LawException.Unless(_devices[modify.Offer].Open is not null && !_unanswered.Exists(other => other is HostAction.Modify earlier && earlier.Offer == modify.Offer), $"{modify.Offer} is moved while it is closed, or twice.");
                break;
            case HostAction.Offered offered:
                LawException.Unless(offered.MonitorId is not { } id || _known.Values.All(known => known.Monitor != id), $"Monitor {offered.MonitorId} has two channels.");
                LawException.Unless(_known.TryAdd(offered.Relid, new Known(offered.Offer, offered.MonitorId, offered.ConnectionId)), $"Relid {offered.Relid} has two channels.");
                if (offered.MonitorId is null && MonitorsInUse() == options.MonitorIds && _devices[offered.Offer].Offer.MonitorLatency is not null)
                    tally.Count(Situation.MonitorIdsRunOut);
                break;
            case HostAction.Released released:
                uint relid = _known.First(known => known.Value.Offer == released.Offer).Key;
                _known.Remove(relid);
                break;
        }
    }

    private static bool IsOfConnection(HostAction action) => action is HostAction.Connect or HostAction.Disconnect or HostAction.ModifyConnection;

    private void Answer(HostAction action, bool well)
    {
        log?.Invoke($"  device answers {(well ? "well" : "badly")}: {action.GetType().Name}");
        ChannelMessageStatus status = well ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful;
        ConnectionState state = well ? ConnectionState.Successful : ConnectionState.FailedLowResources;
        switch (action)
        {
            case HostAction.Connect:
                _connected = well;
                protocol.CompleteConnect(state);
                break;
            case HostAction.Disconnect:
                _connected = false;
                protocol.CompleteDisconnect();
                break;
            case HostAction.ModifyConnection:
                protocol.CompleteModifyConnection(state);
                break;
            case HostAction.TransportConnect connect:
                Connect(connect, well);
                break;
            case HostAction.CreateGpadl create:
                if (!well)
                {
                    tally.Count(Situation.GpadlRefused);
                    LetGo(create.Offer, create.Gpadl);
                }

                protocol.CompleteCreateGpadl(create.Offer, create.Gpadl, status);
                break;
            case HostAction.TeardownGpadl teardown:
                LetGo(teardown.Offer, teardown.Gpadl);
                protocol.CompleteTeardownGpadl(teardown.Offer, teardown.Gpadl);
                break;
            case HostAction.Open open:
                if (!well)
                {
                    tally.Count(Situation.OpenRefused);
                    SetClosed(open.Offer);
                }

                protocol.CompleteOpen(open.Offer, status);
                break;
            case HostAction.Close close:
                SetClosed(close.Offer);
                protocol.CompleteClose(close.Offer);
                break;
            case HostAction.Modify modify:
                protocol.CompleteModify(modify.Offer, status);
                break;
        }
    }

    private void Connect(HostAction.TransportConnect connect, bool well)
    {
        well &= protocol.CanOffer && _devices.Values.All(device => device.Offer.InterfaceInstance != connect.Endpoint || device.Offer.InterfaceType != connect.Service);
        protocol.CompleteTransportConnect(connect.Endpoint, connect.Service, well ? ChannelMessageStatus.Success : ChannelMessageStatus.ConnectionRefused);
        if (well)
            Add(new HostOffer(connect.Service, connect.Endpoint) { Flags = OfferFlags.TlnpiProviderOffer, PipeMode = PipeMode.Byte, MonitorLatency = TimeSpan.FromMicroseconds(100) });
    }

    private void LetGo(OfferId offer, uint gpadl)
    {
        if (_devices.TryGetValue(offer, out Device? device) && device.Gpadls.Remove(gpadl, out ulong frame))
            _held.Remove(frame);
    }

    private void SetClosed(OfferId offer)
    {
        if (_devices.TryGetValue(offer, out Device? device))
            device.Open = null;
    }
}
