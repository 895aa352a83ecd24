using Microsoft.Extensions.Time.Testing;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

/// <summary>
/// A host of few names, whose devices come and go at random, and a guest that hears of them late, and releases in any order and
/// when it likes. What the guest hears is checked as it hears it.
/// </summary>
internal sealed class OfferHistory(int seed)
{
    private const int Names = 2;
    private const int Subchannels = 3;

    private static readonly HostProtocolOptions Options = new() { MaxChannels = 20 };

    private readonly Random _random = new(seed);
    private readonly FakeTimeProvider _clock = new();
    private readonly Dictionary<(int Name, ushort Subchannel), OfferId> _offered = [];
    private readonly Dictionary<uint, Heard> _known = [];
    private HostProtocol _host = new(Options, new FakeTimeProvider());
    private bool _isConnected;

    private sealed record Heard((int Name, ushort Subchannel) Channel)
    {
        public bool IsRescinded { get; set; }
    }

    public void Step()
    {
        switch (_random.Next(12))
        {
            case 0 or 1 or 2:
                Offer();
                break;
            case 3 or 4:
                Revoke();
                break;
            case 5 or 6:
                Hear(_random.Next(1, 4));
                break;
            case 7 or 8:
                Release();
                break;
            case 9 when _random.Next(3) == 0:
                Leave();
                break;
            case 10 when _random.Next(2) == 0:
                SaveAndRestore();
                break;
            case 11 when !_isConnected:
                Connect();
                break;
        }

        DoAll();
    }

    public void EndAll()
    {
        if (!_isConnected)
            Connect();
        do
        {
            Hear(int.MaxValue);
        }
        while (Release());
        (int, ushort)[] heard = [.. _known.Values.Select(known => known.Channel).Order()];
        (int, ushort)[] offered = [.. _offered.Keys.Where(channel => _offered.ContainsKey((channel.Name, 0))).Order()];
        Assert.Equal(offered, heard);
        Assert.Equal(heard.Length, _host.RelidsInUse);
        SaveAndRestore();
    }

    private void Offer()
    {
        (int Name, ushort Subchannel) channel = (_random.Next(Names), (ushort)(_random.Next(2) == 0 ? 0 : _random.Next(1, Subchannels)));
        if (_host.CanOffer && !_offered.ContainsKey(channel))
            _offered.Add(channel, _host.Offer(OfferOf(channel)));
    }

    private void Revoke()
    {
        if (_offered.Count == 0)
            return;
        ((int Name, ushort Subchannel) channel, OfferId id) = _offered.ElementAt(_random.Next(_offered.Count));
        _host.Revoke(id);
        Forget(channel);
    }

    // A primary takes its subchannels along where there is somebody to rescind them to.
    private void Forget((int Name, ushort Subchannel) channel)
    {
        _offered.Remove(channel);
        for (ushort subchannel = 1; channel.Subchannel == 0 && subchannel < Subchannels; subchannel++)
            _offered.Remove((channel.Name, subchannel));
    }

    private void Hear(int messages)
    {
        for (; messages > 0 && _host.TryPeekPost(out QueuedMessage message); messages--)
        {
            _host.CompletePost(HypercallStatus.Success);
            if (message.Type == ChannelMessageType.OfferChannel)
                HearOffer(ChannelMessages.Read<OfferChannel>(message.Bytes.Span));
            else if (message.Type == ChannelMessageType.RescindOffer)
                HearRescind(ChannelMessages.Read<RescindOffer>(message.Bytes.Span).ChildRelid);
        }
    }

    private void HearOffer(OfferChannel offer)
    {
        (int Name, ushort Subchannel) channel = (offer.Offer.InterfaceInstance.ToByteArray()[0], offer.Offer.SubchannelIndex);
        Assert.DoesNotContain(_known.Values, known => known.Channel == channel);
        Assert.True(channel.Subchannel == 0 || _known.Values.Any(known => known is { IsRescinded: false } && known.Channel == (channel.Name, 0)), $"{channel} has no primary");
        Assert.True(_known.TryAdd(offer.ChildRelid, new Heard(channel)), $"relid {offer.ChildRelid} is not released");
    }

    private void HearRescind(uint relid)
    {
        Heard rescinded = _known[relid];
        Assert.False(rescinded.IsRescinded);
        rescinded.IsRescinded = true;
        Assert.True(
            rescinded.Channel.Subchannel != 0 || !_known.Values.Any(known => !known.IsRescinded && known.Channel.Name == rescinded.Channel.Name),
            $"{rescinded.Channel} is rescinded before its subchannels");
    }

    private bool Release()
    {
        uint[] rescinded = [.. _known.Where(known => known.Value.IsRescinded).Select(known => known.Key)];
        if (rescinded.Length == 0)
            return false;
        uint relid = rescinded[_random.Next(rescinded.Length)];
        _known.Remove(relid);
        Assert.Equal(MessageFault.None, _host.Receive(ChannelMessages.ToBytes(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = relid })));
        return true;
    }

    private void Connect()
    {
        _isConnected = true;
        var contact = new InitiateContact { VersionRequested = ProtocolVersion.Iron, TargetSint = SynicMsr.VmBusSint };
        Assert.Equal(MessageFault.None, _host.Receive(ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact2 { Contact = contact }, InitiateContact.Size)));
        DoAll();
        Assert.Equal(MessageFault.None, _host.Receive(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers)));
    }

    private void Leave()
    {
        _isConnected = false;
        _known.Clear();
        if (_random.Next(2) == 0)
        {
            _host.Reset();
            return;
        }

        Assert.Equal(MessageFault.None, _host.Receive(ChannelMessages.ToBytes(ChannelMessageType.Unload)));
        DoAll();
        while (_host.TryPeekPost(out _))
            _host.CompletePost(HypercallStatus.Success);
    }

    private void SaveAndRestore()
    {
        byte[] state = _host.Save();
        _host = HostProtocol.Restore(Options, _clock, state);
        bool loses = _random.Next(3) == 0;
        var lost = new List<(int Name, ushort Subchannel)>();
        foreach (((int Name, ushort Subchannel) channel, OfferId id) in _offered.OrderBy(_ => _random.Next()))
        {
            if (loses && _random.Next(3) == 0)
                lost.Add(channel);
            else
                Assert.Equal(id, _host.Offer(OfferOf(channel)));
        }

        // Devices come and go during a restore, too.
        if (loses && _random.Next(2) == 0)
        {
            foreach (((int Name, ushort Subchannel) channel, OfferId id) in _offered.Where(offered => !lost.Contains(offered.Key) && _random.Next(3) == 0).ToArray())
            {
                _host.Revoke(id);
                Forget(channel);
            }
        }

        HashSet<OfferId> orphans = [.. _host.Orphans];
        _host.CompleteRestore();
        if (!loses)
            Assert.Equal(state, _host.Save());
        foreach ((int Name, ushort Subchannel) channel in lost)
            _offered.Remove(channel);
        foreach ((int Name, ushort Subchannel) channel in _offered.Where(offered => orphans.Contains(offered.Value)).Select(offered => offered.Key).ToArray())
            _offered.Remove(channel);
    }

    private void DoAll()
    {
        while (_host.TryTakeAction(out HostAction action))
            VmBus.Fuzz.HostAnswers.Give(_host, action, ChannelMessageStatus.Success);
    }

    private static HostOffer OfferOf((int Name, ushort Subchannel) channel) =>
        new(ScriptedGuest.Device, new Guid(channel.Name, 0, 0, new byte[8])) { SubchannelIndex = channel.Subchannel };
}
