using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

/// <summary>The devices of a host as a model: what a driver may be asked, and what it may not.</summary>
internal sealed class ModelDevices(HostProtocol host, Random random)
{
    private sealed class Device
    {
        public readonly HashSet<uint> Gpadls = [];
        public HostOpenRequest? Open;
    }

    private readonly Dictionary<OfferId, Device> _devices = [];
    private readonly Dictionary<uint, OfferId> _relids = [];
    private readonly Dictionary<int, OfferId> _monitors = [];
    private readonly List<HostAction> _unanswered = [];
    private bool _connected;

    public int Unanswered => _unanswered.Count;

    public IReadOnlyCollection<OfferId> Offers => _devices.Keys;

    public void Add(OfferId offer) => _devices.Add(offer, new Device());

    public void Revoke(OfferId offer)
    {
        _devices.Remove(offer);
        host.Revoke(offer);
    }

    /// <summary>Takes what the host wants done and checks that it may be wanted.</summary>
    public void Take()
    {
        while (host.TryTakeAction(out HostAction action))
        {
            Expect(action);
            if (action is not (HostAction.Offered or HostAction.Released))
                _unanswered.Add(action);
        }

        Assert.Equal((host.RelidsInUse, host.MonitorIdsInUse), (_relids.Count, _monitors.Count));
    }

    /// <summary>Answers something, not always the oldest, not always well.</summary>
    public void AnswerOne(bool willing = false)
    {
        if (_unanswered.Count == 0)
            return;
        int index = willing ? 0 : random.Next(_unanswered.Count);
        HostAction action = _unanswered[index];
        _unanswered.RemoveAt(index);
        Answer(action, willing || random.Next(4) > 0);
    }

    private void Expect(HostAction action)
    {
        switch (action)
        {
            case HostAction.Connect:
                Assert.False(_connected);
                Assert.DoesNotContain(_unanswered, other => other is HostAction.Connect or HostAction.Disconnect or HostAction.ModifyConnection);
                break;
            case HostAction.Disconnect:
                Assert.DoesNotContain(_unanswered, other => other is HostAction.Connect or HostAction.Disconnect or HostAction.ModifyConnection);
                Assert.All(_devices.Values, device => Assert.True(device.Open is { IsReserved: true } || (device.Open is null && device.Gpadls.Count == 0)));
                break;
            case HostAction.ModifyConnection:
                Assert.True(_connected);
                break;
            case HostAction.CreateGpadl create:
                Assert.True(_devices[create.Offer].Gpadls.Add(create.Gpadl));
                Assert.NotEmpty(create.Ranges);
                Assert.All(create.Ranges, range => Assert.Equal(range.PageFrames.Length, GpadlRange.PageCount(range.ByteOffset, range.ByteCount)));
                break;
            case HostAction.TeardownGpadl teardown:
                Assert.Contains(teardown.Gpadl, _devices[teardown.Offer].Gpadls);
                Assert.NotEqual(teardown.Gpadl, _devices[teardown.Offer].Open?.Gpadl);
                Assert.DoesNotContain(_unanswered, other => other is HostAction.CreateGpadl create && create.Offer == teardown.Offer && create.Gpadl == teardown.Gpadl);
                break;
            case HostAction.Open open:
                Assert.Null(_devices[open.Offer].Open);
                Assert.Contains(open.Request.Gpadl, _devices[open.Offer].Gpadls);
                Assert.False(open.Request.IsReserved && (open.Request.MonitorId is not null || open.Request.TargetVp is not null));
                _devices[open.Offer].Open = open.Request;
                break;
            case HostAction.Close close:
                Assert.NotNull(_devices[close.Offer].Open);
                Assert.DoesNotContain(_unanswered, other => other == close || (other is HostAction.Open open && open.Offer == close.Offer));
                break;
            case HostAction.Modify modify:
                Assert.NotNull(_devices[modify.Offer].Open);
                Assert.DoesNotContain(_unanswered, other => other is HostAction.Modify earlier && earlier.Offer == modify.Offer);
                break;
            case HostAction.Offered offered:
                Assert.True(_relids.TryAdd(offered.Relid, offered.Offer));
                Assert.True(offered.MonitorId is not { } id || _monitors.TryAdd(id, offered.Offer));
                break;
            case HostAction.Released released:
                Assert.True(_relids.Remove(Assert.Single(_relids, relid => relid.Value == released.Offer).Key));
                foreach (int held in _monitors.Where(monitor => monitor.Value == released.Offer).Select(monitor => monitor.Key).ToArray())
                    _monitors.Remove(held);
                break;
        }
    }

    private void Answer(HostAction action, bool well)
    {
        ChannelMessageStatus status = well ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful;
        ConnectionState state = well ? ConnectionState.Successful : ConnectionState.FailedLowResources;
        switch (action)
        {
            case HostAction.Connect:
                _connected = well;
                host.CompleteConnect(state);
                break;
            case HostAction.Disconnect:
                _connected = false;
                host.CompleteDisconnect();
                break;
            case HostAction.ModifyConnection:
                host.CompleteModifyConnection(state);
                break;
            case HostAction.TransportConnect connect:
                host.CompleteTransportConnect(connect.Endpoint, connect.Service, status);
                break;
            case HostAction.CreateGpadl create:
                if (!well && _devices.TryGetValue(create.Offer, out Device? creating))
                    creating.Gpadls.Remove(create.Gpadl);
                host.CompleteCreateGpadl(create.Offer, create.Gpadl, status);
                break;
            case HostAction.TeardownGpadl teardown:
                if (_devices.TryGetValue(teardown.Offer, out Device? tearing))
                    tearing.Gpadls.Remove(teardown.Gpadl);
                host.CompleteTeardownGpadl(teardown.Offer, teardown.Gpadl);
                break;
            case HostAction.Open open:
                if (!well && _devices.TryGetValue(open.Offer, out Device? opening))
                    opening.Open = null;
                host.CompleteOpen(open.Offer, status);
                break;
            case HostAction.Close close:
                if (_devices.TryGetValue(close.Offer, out Device? closing))
                    closing.Open = null;
                host.CompleteClose(close.Offer);
                break;
            case HostAction.Modify modify:
                host.CompleteModify(modify.Offer, status);
                break;
        }
    }
}
