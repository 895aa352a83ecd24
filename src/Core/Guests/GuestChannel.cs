// A channel that a guest has opened.

using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>An open channel of a <see cref="GuestBus"/>, as the bus has it: it closes what users have as <see cref="Channel"/>. Thread-safe.</summary>
internal sealed class GuestChannel : IChannelOwner, IAsyncDisposable
{
    private readonly GuestBus _bus;
    private readonly ISignalGate _gate;
    private readonly IDisposable _route;
    private readonly CancellationTokenSource _rescinded = new();
    private readonly TaskCompletionSource<GuestChannelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
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
        Rescinded = _rescinded.Token;
    }

    /// <summary>What the host offered.</summary>
    public GuestOffer Offer { get; }

    /// <summary>The channel: rings, signals, waits.</summary>
    public VmBusChannel Channel { get; }

    /// <summary>
    /// Whether the channel can still be used. A channel that the host took back, or whose connection has ended, is
    /// <see cref="ChannelState.Disconnected"/> at once, whether or not anything waits on it.
    /// </summary>
    public ChannelState State =>
        IsClosing ? ChannelState.Closed
        : Channel.State == ChannelState.Open && _completion.Task.IsCompleted ? ChannelState.Disconnected
        : Channel.State;

    /// <summary>
    /// Ends when the channel has: the guest closes it, the host takes it back (see <see cref="Rescinded"/>), or the connection
    /// ends. It never fails.
    /// </summary>
    public Task Completion => _completion.Task;

    /// <summary>The first end that the channel met.</summary>
    internal Task<GuestChannelEnd> End => _completion.Task;

    /// <summary>
    /// Cancelled when the host takes the channel back. Waits on the channel then end with
    /// <see cref="PeerDisconnectedException"/>; dispose it, so that the host may use its relid again.
    /// </summary>
    public CancellationToken Rescinded { get; }

    internal GuestChannelOptions Options { get; }

    internal RingLoan Loan { get; }

    internal bool IsClosing => Volatile.Read(ref _closing) != 0;

    /// <summary>Has the host interrupt another VP: from protocol 4.1 on.</summary>
    /// <param name="targetVp">The VP, by index.</param>
    /// <param name="cancellationToken">Ends the wait; the host may still do it.</param>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    /// <exception cref="InvalidOperationException">The version has no such message, or the host has taken the channel back.</exception>
    /// <exception cref="GuestBusException">The host did not.</exception>
    public Task RetargetAsync(uint targetVp, CancellationToken cancellationToken = default) =>
        _bus.RetargetAsync(this, targetVp, cancellationToken);

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

    internal void OnRescinded()
    {
        _completion.TrySetResult(GuestChannelEnd.Rescinded);
        Channel.OnDisconnected(new PeerDisconnectedException($"The host took channel {Offer.Relid} back."));
        // What is registered with the token is the user's: it does not run on the bus's loop.
        _ = _rescinded.CancelAsync();
    }

    internal void OnDisconnected(string reason)
    {
        _completion.TrySetResult(GuestChannelEnd.Disconnected);
        Channel.OnDisconnected(new PeerDisconnectedException(reason));
    }

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
        _completion.TrySetResult(GuestChannelEnd.Closed);
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
