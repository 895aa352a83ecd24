// A channel that a guest has opened.

using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>An open channel of a <see cref="GuestBus"/>, as the bus has it: it closes what users have as <see cref="Channel"/>. Thread-safe.</summary>
internal sealed class GuestChannel : IChannelOwner, IAsyncDisposable
{
    private readonly GuestBus _bus;
    private readonly ISignalGate _gate;
    private readonly IDisposable _route;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _closing;

    internal GuestChannel(GuestBus bus, GuestOffer offer, GuestChannelOptions options, RingLoan loan, ISignalGate gate, IDisposable route, VmBusChannel channel)
    {
        _bus = bus;
        _gate = gate;
        _route = route;
        Offer = offer;
        Options = options;
        Loan = loan;
        Channel = channel;
        channel.Owner = this;
    }

    /// <summary>What the host offered.</summary>
    public GuestOffer Offer { get; }

    /// <summary>The channel: rings, signals, waits.</summary>
    public VmBusChannel Channel { get; }

    internal GuestChannelOptions Options { get; }

    internal RingLoan Loan { get; }

    internal bool IsClosing => Volatile.Read(ref _closing) != 0;

    /// <summary>Closes the channel and takes its memory back.</summary>
    /// <param name="cancellationToken">Ends the wait; the close goes on.</param>
    /// <returns>Ends when the host has given the rings back.</returns>
    /// <exception cref="GuestBusException">The host did not give the rings back in time: the memory stays taken until it does.</exception>
    public Task CloseAsync(CancellationToken cancellationToken = default)
    {
        BeginClose();
        return _closed.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Closes the channel, as <see cref="CloseAsync"/>. A host that does not give the rings back is no error here.</summary>
    public async ValueTask DisposeAsync() => await CloseAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    void IChannelOwner.OnDisposed() => BeginClose();

    internal bool IsOf(GuestBus bus) => _bus == bus;

    internal void OnRescinded() => Channel.OnDisconnected(new PeerDisconnectedException($"The host rescinded channel {Offer.Relid}."));

    internal void OnDisconnected(string reason) => Channel.OnDisconnected(new PeerDisconnectedException(reason));

    /// <summary>Has both sides look at their rings: signals may have been missed.</summary>
    internal void SignalBoth()
    {
        _gate.Set();
        Channel.Signaler.SignalRoom();
    }

    /// <summary>Ends the use of the channel here: no signal comes in or goes out any more.</summary>
    internal void Detach()
    {
        _route.Dispose();
        Channel.End();
        _gate.Dispose();
    }

    private void BeginClose()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
            _ = RunCloseAsync();
    }

    private async Task RunCloseAsync()
    {
        try
        {
            await _bus.CloseAsync(this).ConfigureAwait(false);
            _closed.SetResult();
        }
        catch (Exception failure)
        {
            _closed.SetException(failure);
            // Told to those who call CloseAsync; a dispose does not ask.
            _ = _closed.Task.Exception;
        }
    }
}
