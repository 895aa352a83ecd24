// The pages a connected guest shares with its host: interrupt page and monitor pages, and the one event all channels share
// before 2.4.

using System.Collections.Concurrent;
using System.Numerics;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

internal sealed class ConnectedPages : IDisposable
{
    /// <summary><c>VMBUS_EVENT_CONNECTION_ID</c>: what guests before 1.1 signal for every channel.</summary>
    private const uint SharedConnection = 2;

    private readonly IMappedPage? _interruptPage;
    private readonly IDisposable? _sharedConnection;
    private readonly IEventFlag? _sharedFlag;
    private readonly ConcurrentDictionary<uint, ISignalGate> _gates = new();

    /// <summary>Takes a guest's pages.</summary>
    /// <exception cref="RefusedException">The guest names pages it does not have.</exception>
    public ConnectedPages(HostConnectRequest request, IGuestPartition partition)
    {
        try
        {
            if (request.InterruptPage != 0)
            {
                _interruptPage = partition.Memory.TryMapPage(request.InterruptPage)
                    ?? throw new RefusedException($"There is no interrupt page at 0x{request.InterruptPage:x}.");
            }
            if (request.Version.SharesEventFlag && _interruptPage is not null)
            {
                _sharedConnection = partition.ConnectEvents(SharedConnection, DrainInterruptPage);
                _sharedFlag = partition.TryCreateEventFlag(request.Target with { Vp = 0 }, 0);
            }
            OpenMonitors(request.MonitorPages, partition);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public InterruptPageView? InterruptPage => _interruptPage is { } page ? new InterruptPageView(page.Address) : null;

    public ISignalPath? SharedFlag => _sharedFlag;

    public IMonitorPage? ParentToChild { get; private set; }

    public IMonitorPage? ChildToParent { get; private set; }

    /// <summary>Has a channel's signals set a gate where they do not have a connection of their own.</summary>
    /// <returns>Disposed to forget the gate; <see langword="null"/> where the channel has a connection.</returns>
    public IDisposable? Connect(IGuestPartition partition, HostOpenRequest request, ISignalGate gate)
    {
        if (_sharedConnection is null)
            return null;
        IDisposable? own = request.ConnectionId == SharedConnection ? null : partition.ConnectEvents(request.ConnectionId, gate);
        _gates[request.Relid] = gate;
        return new Held(() =>
        {
            _gates.TryRemove(request.Relid, out _);
            own?.Dispose();
        });
    }

    /// <summary>Goes over to other monitor pages; the old ones are no longer looked at afterwards.</summary>
    /// <param name="pages">The new ones, if any.</param>
    /// <param name="partition">Whose they are.</param>
    /// <param name="move">Takes every open channel's monitors along, while both pairs are there.</param>
    /// <exception cref="RefusedException">The guest names pages it does not have; the old ones are still in force.</exception>
    public void MoveMonitors(MonitorPageAddresses? pages, IGuestPartition partition, Action move)
    {
        (IMonitorPage? oldToChild, IMonitorPage? oldToParent) = (ParentToChild, ChildToParent);
        OpenMonitors(pages, partition);
        move();
        oldToChild?.Dispose();
        oldToParent?.Dispose();
    }

    public void Dispose()
    {
        _sharedConnection?.Dispose();
        _sharedFlag?.Dispose();
        ChildToParent?.Dispose();
        ParentToChild?.Dispose();
        _interruptPage?.Dispose();
    }

    private void OpenMonitors(MonitorPageAddresses? pages, IGuestPartition partition)
    {
        if (pages is not { } addresses)
        {
            ChildToParent = ParentToChild = null;
            return;
        }
        IMonitorPage toParent = partition.TryOpenMonitorPage(addresses.ChildToParent, MonitorDirection.ChildToParent)
            ?? throw new RefusedException($"There is no monitor page at 0x{addresses.ChildToParent:x}.");
        ParentToChild = partition.TryOpenMonitorPage(addresses.ParentToChild, MonitorDirection.ParentToChild);
        ChildToParent = toParent;
    }

    // Words are taken whole, then each bit's gate is set: a bit set meanwhile comes with a signal of its own.
    private void DrainInterruptPage()
    {
        Span<ulong> send = new InterruptPageView(_interruptPage!.Address).Send;
        for (int word = 0; word < send.Length; word++)
        {
            if (Volatile.Read(ref send[word]) == 0)
                continue;
            for (ulong taken = Interlocked.Exchange(ref send[word], 0); taken != 0; taken &= taken - 1)
            {
                if (_gates.TryGetValue((uint)(word * 64 + BitOperations.TrailingZeroCount(taken)), out ISignalGate? gate))
                    gate.Set();
            }
        }
    }
}
