// An event flag of a guest's VP, set by the host. Mirrors HvCallSignalEventDirect (TLFS).

using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.InMemory;

internal sealed class InMemoryEventFlag : IEventFlag
{
    private readonly Partition _host;
    private readonly Partition _guest;
    private readonly byte _sint;
    private readonly int _flag;
    private readonly Lock _sync = new();
    private VirtualProcessor _target;
    private uint? _connectionId;
    private uint _portId;

    public InMemoryEventFlag(Partition host, Partition guest, MessageTarget target, int flag)
    {
        _host = host;
        _guest = guest;
        _sint = target.Sint;
        _flag = flag;
        _target = guest.VirtualProcessors[(int)target.Vp];
    }

    public SignalCapabilities Capabilities { get; private set; } = SignalCapabilities.Hypercall;

    public HypercallStatus Signal() => Volatile.Read(ref _target).Synic.SignalEvent(_sint, _flag, out _);

    public uint? ConnectMonitor()
    {
        lock (_sync)
        {
            if (_connectionId is null)
            {
                Capabilities |= SignalCapabilities.Monitor | SignalCapabilities.LatencyHint;
                _connectionId = _host.UnusedConnectionId();
                Connect();
            }
            return _connectionId;
        }
    }

    public void Retarget(uint vp)
    {
        lock (_sync)
        {
            Volatile.Write(ref _target, _guest.VirtualProcessors[(int)vp]);
            if (_connectionId is not null)
            {
                Disconnect();
                Connect();
            }
        }
    }

    public void Dispose()
    {
        lock (_sync)
        {
            if (_connectionId is not null)
                Disconnect();
            _connectionId = null;
        }
    }

    private void Connect()
    {
        _portId = _guest.UnusedPortId();
        _host.Connect(_connectionId!.Value, _guest.CreateEventPort(_portId, _target.Index, _sint, _flag));
    }

    private void Disconnect()
    {
        _host.Disconnect(_connectionId!.Value);
        _guest.DeletePort(_portId);
    }
}
