// A channel that a guest has opened.

using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>An open channel of a <see cref="GuestBus"/>. Dispose it to close it.</summary>
public sealed class GuestChannel : IAsyncDisposable
{
    private readonly GuestBus _bus;
    private readonly IGuestRings _rings;
    private readonly ISignalGate _gate;
    private readonly IDisposable _route;
    private readonly CancellationTokenSource _rescinded = new();
    private Task? _closed;

    internal GuestChannel(
        GuestBus bus, GuestOffer offer, GuestChannelOptions options, uint gpadl, IGuestRings rings, ISignalGate gate, IDisposable route, VmBusChannel channel)
    {
        _bus = bus;
        _rings = rings;
        _gate = gate;
        _route = route;
        Offer = offer;
        Options = options;
        Gpadl = gpadl;
        Channel = channel;
        Rescinded = _rescinded.Token;
    }

    /// <summary>What the host offered.</summary>
    public GuestOffer Offer { get; }

    /// <summary>The channel: rings, signals, waits.</summary>
    public VmBusChannel Channel { get; }

    /// <summary>
    /// Cancelled when the host takes the channel back. Waits on the channel then end with
    /// <see cref="PeerDisconnectedException"/>; dispose it, so that the host may use its relid again.
    /// </summary>
    public CancellationToken Rescinded { get; }

    internal GuestChannelOptions Options { get; }

    internal uint Gpadl { get; }

    internal IGuestRings Rings => _rings;

    internal bool IsClosing
    {
        get
        {
            lock (_rescinded)
                return _closed is not null;
        }
    }

    /// <summary>Has the host interrupt another VP: from protocol 4.1 on.</summary>
    /// <param name="targetVp">The VP, by index.</param>
    /// <param name="cancellationToken">Ends the wait; the host may still do it.</param>
    /// <exception cref="InvalidOperationException">The version has no such message, or the channel is closed.</exception>
    /// <exception cref="GuestBusException">The host did not.</exception>
    public Task RetargetAsync(uint targetVp, CancellationToken cancellationToken = default) =>
        _bus.RetargetAsync(Offer.Relid, targetVp, cancellationToken);

    /// <summary>Closes the channel and takes its memory back.</summary>
    /// <returns>Ends when the host has let go of the rings.</returns>
    /// <exception cref="GuestBusException">The host did not let go in time: the memory stays taken.</exception>
    public Task CloseAsync()
    {
        lock (_rescinded)
            return _closed ??= _bus.CloseAsync(this);
    }

    /// <inheritdoc cref="CloseAsync"/>
    public ValueTask DisposeAsync() => new(CloseAsync());

    internal void OnRescinded()
    {
        Channel.OnDisconnected(new PeerDisconnectedException($"The host took channel {Offer.Relid} back."));
        _rescinded.Cancel();
    }

    /// <summary>The guest is no more: so is the channel, without a word to the host.</summary>
    internal Task AbandonAsync()
    {
        lock (_rescinded)
        {
            if (_closed is null)
            {
                Detach();
                FreeRings();
                _closed = Task.CompletedTask;
            }
            return _closed;
        }
    }

    /// <summary>The connection was saved: the channel stays open, and its memory taken.</summary>
    internal Task LeaveAsync()
    {
        lock (_rescinded)
            _closed = Task.CompletedTask;
        Detach();
        _rings.Leave();
        return Task.CompletedTask;
    }

    /// <summary>Has both sides look at their rings: signals may have been missed.</summary>
    internal void SignalBoth()
    {
        _gate.Set();
        Channel.Signaler.SignalRoom();
    }

    internal void OnDisconnected() => Channel.OnDisconnected(new PeerDisconnectedException("The connection has ended."));

    /// <summary>Ends the use of the channel here: no signal comes in or goes out any more.</summary>
    internal void Detach()
    {
        _route.Dispose();
        Channel.Dispose();
        _gate.Dispose();
    }

    /// <summary>The host has let go of the rings.</summary>
    internal void FreeRings() => _rings.Dispose();
}
