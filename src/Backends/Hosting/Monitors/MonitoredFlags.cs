// The event flags that a monitor page from parent to child signals, each by a number that only this host knows.

using System.Collections.Concurrent;
using VmBus.Layout;

namespace VmBus.Hosting;

/// <summary>Numbers event flags. Thread-safe.</summary>
internal sealed class MonitoredFlags
{
    private readonly ConcurrentDictionary<uint, IEventFlag> _flags = new();
    private uint _last;

    public uint Connect(IEventFlag flag)
    {
        uint number = Interlocked.Increment(ref _last);
        _flags[number] = flag;
        return number;
    }

    public void Disconnect(uint number) => _flags.TryRemove(number, out _);

    public HypercallStatus Signal(uint number, ushort flagNumber) =>
        _flags.TryGetValue(number, out IEventFlag? flag) ? flag.Signal() : HypercallStatus.InvalidConnectionId;
}
