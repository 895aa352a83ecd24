// One end of a channel: a ring to write, a ring to read, and a signaller. What struct vmbus_channel is to a Linux
// driver (include/linux/hyperv.h), once it is open.
//
//   TrySend ─► OutgoingRing: reserve, copy once, publish ─► a signal needed? ─► ChannelSignaler: monitor bit or call
//   ReadBatch ◄─ IncomingRing: in place or a checked copy ─► commit: give room back ─► the writer waits? ─► signal
//
// How it ends. Dispose may race with any call on another thread. It sets flags that the hot path reads anyway (RingGuard)
// and puts IncomingRing.Closed where calls find the ring they read. A call that is past that point goes on over memory
// that stays mapped for as long as the ring is reachable: the owner replaces it by private pages, in one step
// (MappedMemory.Retire). So a send after the end throws, and one beside it writes to private memory.

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>One end of an open VMBus channel.</summary>
/// <remarks>
/// <para>One thread can send and one thread can read at a time; they can be different threads. With a multi-producer
/// <see cref="OutgoingRing"/> any number of threads can send. Any thread can set <see cref="SignalMode"/> at any time.</para>
/// <para>Payloads are padded with zeros to a multiple of 8 bytes, as everywhere on VMBus: a received payload can be up to 7 bytes
/// longer than the one that was sent. <c>PipeStream</c> carries exact lengths.</para>
/// <para><see cref="Dispose"/> can be called at any time, even while other threads are in calls. Each later call throws
/// <see cref="ObjectDisposedException"/>; a call that races with it succeeds, fails or reports the end, and accesses no memory
/// that was unmapped. Disposing a channel that was opened closes it.</para>
/// </remarks>
public sealed partial class VmBusChannel : IDisposable, IAsyncDisposable
{
    private readonly OutgoingRing _outgoing;
    private readonly IncomingRing _ring;        // the ring this end reads, whatever becomes of the channel
    private IncomingRing _incoming;             // the same while its packets may be read by batch
    private readonly ChannelSignaler _signaler;
    private readonly SignalFanout _waits;
    private readonly TimeProvider _clock;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PeerDisconnectedException? _disconnected;
    private long _meterNumber;
    private int _disposed;

    /// <summary>Makes one end of a channel out of its parts.</summary>
    /// <param name="outgoing">The ring this end writes.</param>
    /// <param name="incoming">The ring this end reads.</param>
    /// <param name="signaler">How this end signals the other.</param>
    /// <param name="wait">How this end waits for the other's signal. The channel closes it when it is disposed.</param>
    /// <param name="clock">The clock of timeouts; <see langword="null"/> for the system's.</param>
    internal VmBusChannel(OutgoingRing outgoing, IncomingRing incoming, ChannelSignaler signaler, ISignalWait wait, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(outgoing);
        ArgumentNullException.ThrowIfNull(incoming);
        ArgumentNullException.ThrowIfNull(signaler);
        ArgumentNullException.ThrowIfNull(wait);
        _outgoing = outgoing;
        _ring = _incoming = incoming;
        _signaler = signaler;
        _waits = new SignalFanout(wait);
        _clock = clock ?? TimeProvider.System;
        outgoing.Faulted = incoming.Faulted = OnFaulted;
    }

    /// <summary>The ring this end writes.</summary>
    public OutgoingRing Outgoing => _outgoing;

    /// <summary>The ring this end reads.</summary>
    public IncomingRing Incoming => _ring;

    /// <summary>How this end signals the other: mode, hint, counters.</summary>
    internal ChannelSignaler Signaler => _signaler;

    /// <summary>How this end signals.</summary>
    /// <exception cref="ObjectDisposedException">Set after the channel was disposed.</exception>
    public SignalMode SignalMode
    {
        get => _signaler.Mode;
        set
        {
            ThrowIfDisposed();
            _signaler.Mode = value;
            if (Identity is { } identity)
                VmBusEventSource.Log.SignalModeSet(identity, value);
        }
    }

    /// <summary>
    /// How the next signal is sent. It differs from the mode if the channel has no monitor, or cannot signal by
    /// hypercall.
    /// </summary>
    public EffectiveSignal EffectiveSignal => _signaler.EffectiveMode;

    /// <summary>Whether the channel can still be used.</summary>
    public ChannelState State => IsDisposed ? ChannelState.Closed
        : CorruptionError is not null ? ChannelState.Faulted
        : Volatile.Read(ref _disconnected) is not null ? ChannelState.Disconnected
        : ChannelState.Open;

    /// <summary>
    /// Completes when the channel has ended: closed here, or the other side is gone (its committed packets can still be read).
    /// Fails with <see cref="RingCorruptException"/> if the other side wrote an invalid value into a ring.
    /// </summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Which channel this is. Set once, before the channel is handed out: from then on its metrics and events can be read.
    /// <see langword="null"/> for a channel made of its parts.
    /// </summary>
    internal ChannelIdentity? Identity { get; private set; }

    /// <summary>What opened this end, when that is to close it too. Set before the channel is handed out.</summary>
    internal IChannelOwner? Owner { get; set; }

    /// <summary>
    /// How this side detected that the other side is gone; <see langword="null"/> while the other side is present.
    /// </summary>
    public string? DisconnectReason => Volatile.Read(ref _disconnected)?.Message;

    /// <summary>The error that faulted a ring of this channel; <see langword="null"/> if neither is faulted.</summary>
    public RingCorruptException? CorruptionError => _ring.CorruptionError ?? _outgoing.CorruptionError;

    /// <summary>The counters of this end. A snapshot: exact only while the channel is idle.</summary>
    public ChannelStatistics GetStatistics()
        => new(_outgoing.GetStatistics(), _ring.GetStatistics(), _signaler.GetStatistics(), _waits.Signals);

    /// <summary>Sends one in-band packet, and signals if the other side needs it.</summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="urgency">How soon to signal the other side.</param>
    /// <returns>
    /// <see langword="false"/> if the ring has no room now (see <see cref="WaitToWrite"/>), or the other side is gone.
    /// </returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an invalid index.</exception>
    /// <exception cref="InvalidOperationException">A batch is open: <see cref="ChannelWriteBatch"/>.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TrySend(ReadOnlySpan<byte> payload, Urgency urgency = Urgency.Normal)
    {
        if (!_outgoing.TryWrite(payload, 0, PacketFlags.None, out SignalNeed need))
            return false;
        AfterWrite(need, urgency);
        return true;
    }

    /// <summary>
    /// Sends one in-band packet with a transaction id or a request for a completion, and signals if the other side needs it.
    /// </summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="options">Transaction id, flags and urgency.</param>
    /// <inheritdoc cref="TrySend(ReadOnlySpan{byte}, Urgency)" path="/*[self::returns or self::remarks or self::exception]"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TrySend(ReadOnlySpan<byte> payload, SendOptions options)
    {
        if (!_outgoing.TryWrite(payload, options.TransactionId, options.Flags, out SignalNeed need))
            return false;
        AfterWrite(need, options.Urgency);
        return true;
    }

    /// <summary>Sends one packet of any type, and signals if the other side needs it.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="urgency">How soon to signal the other side.</param>
    /// <returns>
    /// <see langword="false"/> if the ring has no room now (see <see cref="WaitToWrite"/>), or the other side is gone.
    /// </returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an invalid index.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    public bool TrySend(in OutgoingPacket packet, Urgency urgency = Urgency.Normal)
    {
        if (!_outgoing.TryWrite(packet, out SignalNeed need))
            return false;
        AfterWrite(need, urgency);
        return true;
    }

    /// <summary>Starts a batch: any number of packets, one publication, at most one signal.</summary>
    /// <exception cref="InvalidOperationException">
    /// A batch is already open; on a multi-producer channel, a batch of this thread.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    public ChannelWriteBatch BeginBatch() => new(this, _outgoing.BeginBatch());

    /// <summary>Starts reading: any number of packets, one publication of the read index.</summary>
    /// <remarks>On a closed channel, the first read of a packet throws <see cref="ObjectDisposedException"/>.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ChannelReadBatch ReadBatch() => new(this, _incoming.ReadBatch());

    /// <summary>
    /// Ends the use of the channel on this side: pending waits end, later calls throw. A channel that was opened starts to
    /// close; <see cref="CloseAsync"/> waits until it is closed. Any thread can call this at any time, more than once.
    /// </summary>
    public void Dispose()
    {
        End();
        Owner?.OnDisposed();
    }

    /// <summary>Closes the channel: calls <see cref="Dispose"/>, and waits until the other side has released the rings.</summary>
    /// <param name="cancellationToken">Cancels the wait; the close continues.</param>
    /// <remarks>
    /// A guest asks its host to release the rings; their memory is free only after that. Where there is nothing to release
    /// (a host's end, two processes, UIO) it returns at once.
    /// </remarks>
    /// <exception cref="VmBusException">
    /// The rings were not released in time. Their memory stays allocated until they are.
    /// </exception>
    public Task CloseAsync(CancellationToken cancellationToken = default)
    {
        End();
        return Owner?.CloseAsync(cancellationToken) ?? Task.CompletedTask;
    }

    /// <summary>
    /// Closes the channel, as <see cref="CloseAsync"/> does, but does not throw if the rings were not released in time.
    /// </summary>
    public async ValueTask DisposeAsync() => await CloseAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Names the channel, and has its metrics and events be seen.</summary>
    internal void Identify(ChannelIdentity identity)
    {
        Identity = identity;
        _meterNumber = ChannelMeter.Add(this);
        VmBusEventSource.Log.ChannelOpened(identity, SignalMode);
    }

    /// <summary>Ends the use of the channel here; its owner is not told.</summary>
    internal void End()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (Identity is { } identity)
        {
            ChannelMeter.Remove(_meterNumber);
            VmBusEventSource.Log.ChannelClosed(identity, GetStatistics());
        }
        _outgoing.End();
        _ring.End();
        Volatile.Write(ref _incoming, IncomingRing.Closed);
        _signaler.End();
        _waits.Close("The channel is closed.");
        _completion.TrySetResult();
    }

    /// <summary>
    /// The other side is gone: what it has committed can still be read, nothing can be sent. Called by the channel's owner, or
    /// by a wait that has noticed.
    /// </summary>
    internal void OnDisconnected(PeerDisconnectedException reason)
    {
        if (Interlocked.CompareExchange(ref _disconnected, reason, null) is not null)
            return;
        if (Identity is { } identity)
            VmBusEventSource.Log.PeerDisconnected(identity, reason.Message);
        _outgoing.PeerGone();
        _waits.Close(reason.Message);
        _completion.TrySetResult();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void AfterWrite(SignalNeed need, Urgency urgency) => _signaler.AfterWrite(need, urgency, _outgoing, _ring);

    private bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    private void OnFaulted(RingCorruptException fault)
    {
        if (Identity is { } identity)
        {
            ChannelMeter.OnChannelFaulted(identity);
            VmBusEventSource.Log.ChannelFaulted(identity, fault);
        }
        _completion.TrySetException(fault);
        // Mark the exception as observed: the waits and calls that meet the fault throw it.
        _ = _completion.Task.Exception;
    }
}
