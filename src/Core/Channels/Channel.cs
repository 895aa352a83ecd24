// One end of a channel: a ring to write, a ring to read, and a signaller. What struct vmbus_channel is to a Linux
// driver (include/linux/hyperv.h), once it is open.

using System.Runtime.CompilerServices;
using VmBus.Layout;
using VmBus.Rings;
using VmBus.Signals;

namespace VmBus.Channels;

/// <summary>One end of an open VMBus channel.</summary>
/// <remarks>
/// <para>One thread sends and one thread reads at a time; they may be two. With a multi-producer
/// <see cref="OutgoingRing"/> any number may send. <see cref="Mode"/> may be set by any thread at any time.</para>
/// <para>The channel owns neither memory nor signal path: whoever made them disposes them, after the channel and after
/// the threads that use it have stopped.</para>
/// </remarks>
public sealed class Channel : IDisposable
{
    private readonly OutgoingRing _outgoing;
    private readonly IncomingRing _incoming;
    private readonly ChannelSignaler _signaler;
    private readonly SignalFanout _waits;
    private readonly TimeProvider _clock;
    private PeerDisconnectedException? _disconnected;
    private volatile bool _disposed;
    private int _inside;                        // waits that have not left: they look at the rings when they wake
    private TaskCompletionSource? _unused;

    /// <summary>Makes one end of a channel out of its parts.</summary>
    /// <param name="outgoing">The ring this end writes.</param>
    /// <param name="incoming">The ring this end reads.</param>
    /// <param name="signaler">How this end signals the other.</param>
    /// <param name="wait">How this end waits for the other's signal.</param>
    /// <param name="clock">The clock of timeouts; <see langword="null"/> for the system's.</param>
    public Channel(OutgoingRing outgoing, IncomingRing incoming, ChannelSignaler signaler, ISignalWait wait, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(outgoing);
        ArgumentNullException.ThrowIfNull(incoming);
        ArgumentNullException.ThrowIfNull(signaler);
        ArgumentNullException.ThrowIfNull(wait);
        _outgoing = outgoing;
        _incoming = incoming;
        _signaler = signaler;
        _waits = new SignalFanout(wait);
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>The ring this end writes.</summary>
    public OutgoingRing Outgoing => _outgoing;

    /// <summary>The ring this end reads.</summary>
    public IncomingRing Incoming => _incoming;

    /// <summary>How this end signals the other: mode, hint, counters.</summary>
    public ChannelSignaler Signaler => _signaler;

    /// <summary>How this end signals. See <see cref="ChannelSignaler.Mode"/>.</summary>
    public SignalMode Mode
    {
        get => _signaler.Mode;
        set => _signaler.Mode = value;
    }

    /// <summary>Whether the channel can still be used.</summary>
    public ChannelState State => _disposed ? ChannelState.Closed
        : CorruptionError is not null ? ChannelState.Faulted
        : _disconnected is not null ? ChannelState.Disconnected
        : ChannelState.Open;

    /// <summary>What the other side wrote that no correct peer writes, if it did.</summary>
    public RingCorruptException? CorruptionError => _incoming.CorruptionError ?? _outgoing.CorruptionError;

    /// <summary>What was counted on this end. A snapshot: exact only while the channel is at rest.</summary>
    public ChannelStatistics GetStatistics()
        => new(_outgoing.GetStatistics(), _incoming.GetStatistics(), _signaler.GetStatistics(), _waits.Signals);

    /// <summary>Sends one in-band packet, and signals if the other side needs it.</summary>
    /// <param name="payload">The payload; padded with zeros to a multiple of 8 bytes.</param>
    /// <param name="transactionId">Carried to the reader.</param>
    /// <param name="flags">Whether a completion is wanted.</param>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <returns><see langword="false"/> when the ring has no room now: see <see cref="WaitToWrite"/>.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TrySend(ReadOnlySpan<byte> payload, ulong transactionId = 0, PacketFlags flags = PacketFlags.None, Urgency urgency = Urgency.Normal)
    {
        if (!_outgoing.TryWrite(payload, transactionId, flags, out SignalNeed need))
            return false;
        AfterWrite(need, urgency);
        return true;
    }

    /// <summary>Sends one packet of any type, and signals if the other side needs it.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <returns><see langword="false"/> when the ring has no room now: see <see cref="WaitToWrite"/>.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    public bool TrySend(in OutgoingPacket packet, Urgency urgency = Urgency.Normal)
    {
        if (!_outgoing.TryWrite(packet, out SignalNeed need))
            return false;
        AfterWrite(need, urgency);
        return true;
    }

    /// <summary>Starts a batch: any number of packets, one publication, at most one signal.</summary>
    public ChannelWriteBatch BeginBatch() => new(this, _outgoing.BeginBatch());

    /// <summary>Starts reading: any number of packets, one publication of the read index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ChannelReadBatch ReadBatch() => new(this, _incoming.ReadBatch());

    /// <summary>
    /// Waits until there is something to read. While this side reads, the other side's signals are masked; they are
    /// unmasked here, with a second look at the ring, before sleeping.
    /// </summary>
    /// <param name="timeout">The longest time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns><see langword="true"/> when a packet waits; <see langword="false"/> when the time was up.</returns>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone and all it had committed was read.</exception>
    public bool WaitToRead(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        long start = _clock.GetTimestamp();
        EnterUse();
        try
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                long ticket = _waits.Ticket;
                if (_incoming.HasPackets || _incoming.UnmaskInterrupt())
                {
                    _incoming.MaskInterrupt();
                    return true;
                }

                if (!Wait(ticket, Remaining(timeout, start), cancellationToken) && !_incoming.HasPackets)
                    return false;
            }
        }
        finally
        {
            LeaveUse();
        }
    }

    /// <summary>Waits until there is something to read: <see cref="WaitToRead"/> without a thread.</summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone and all it had committed was read.</exception>
    public async ValueTask WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        EnterUse();
        try
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                long ticket = _waits.Ticket;
                if (_incoming.HasPackets || _incoming.UnmaskInterrupt())
                {
                    _incoming.MaskInterrupt();
                    return;
                }

                await WaitAsync(ticket, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            LeaveUse();
        }
    }

    /// <summary>Waits until there is room for an in-band packet.</summary>
    /// <param name="payloadLength">Bytes of payload.</param>
    /// <param name="timeout">The longest time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns><see langword="true"/> when there is room; <see langword="false"/> when the time was up.</returns>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone: no room will come.</exception>
    public bool WaitToWrite(int payloadLength, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        long start = _clock.GetTimestamp();
        bool waiting = false;
        EnterUse();
        try
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                long ticket = _waits.Ticket;
                if (_outgoing.AwaitRoom(payloadLength, ref waiting))
                    return true;
                if (!Wait(ticket, Remaining(timeout, start), cancellationToken, forRoom: true))
                    return _outgoing.AwaitRoom(payloadLength, ref waiting);
            }
        }
        finally
        {
            if (!_disposed)
                _outgoing.StopAwaitingRoom(ref waiting);
            LeaveUse();
        }
    }

    /// <summary>Waits until there is room for an in-band packet: <see cref="WaitToWrite"/> without a thread.</summary>
    /// <param name="payloadLength">Bytes of payload.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">The packet could never fit into this ring.</exception>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone: no room will come.</exception>
    public async ValueTask WaitToWriteAsync(int payloadLength, CancellationToken cancellationToken = default)
    {
        bool waiting = false;
        EnterUse();
        try
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                long ticket = _waits.Ticket;
                if (_outgoing.AwaitRoom(payloadLength, ref waiting))
                    return;
                await WaitAsync(ticket, cancellationToken, forRoom: true).ConfigureAwait(false);
            }
        }
        finally
        {
            if (!_disposed)
                _outgoing.StopAwaitingRoom(ref waiting);
            LeaveUse();
        }
    }

    /// <summary>Ends the use of the channel on this side. The memory stays its owner's.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _waits.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void AfterWrite(SignalNeed need, Urgency urgency) => _signaler.AfterWrite(need, urgency, _outgoing, _incoming);

    /// <summary>
    /// Ends when no wait and no service is inside any more, after <see cref="Dispose"/> and the end of all signals: only then may the
    /// rings' memory go.
    /// </summary>
    internal Task WhenUnused()
    {
        var unused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _unused, unused);
        // The exchange comes before this look, and a use's end before its look at the source: one of the two sees the other.
        if (Volatile.Read(ref _inside) == 0)
            unused.TrySetResult();
        return unused.Task;
    }

    // A use of the channel that its rings must outlive: a wait, or a service that reads between its waits.
    internal void EnterUse() => Interlocked.Increment(ref _inside);

    internal void LeaveUse()
    {
        // A use that ended long ago may come here only now: others may be inside again, and have been since before the end.
        if (Interlocked.Decrement(ref _inside) == 0 && Volatile.Read(ref _unused) is { } unused && Volatile.Read(ref _inside) == 0)
            unused.TrySetResult();
    }

    private bool Wait(long ticket, TimeSpan timeout, CancellationToken cancellationToken, bool forRoom = false)
    {
        try
        {
            return _waits.Wait(ticket, timeout, cancellationToken);
        }
        catch (PeerDisconnectedException gone)
        {
            _disconnected = gone;

            // What the peer had committed before it went is read first.
            if (!forRoom && _incoming.HasPackets)
                return true;
            throw;
        }
    }

    private async ValueTask WaitAsync(long ticket, CancellationToken cancellationToken, bool forRoom = false)
    {
        try
        {
            await _waits.WaitAsync(ticket, cancellationToken).ConfigureAwait(false);
        }
        catch (PeerDisconnectedException gone)
        {
            _disconnected = gone;
            if (forRoom || !_incoming.HasPackets)
                throw;
        }
    }

    private TimeSpan Remaining(TimeSpan timeout, long start)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return timeout;
        TimeSpan left = timeout - _clock.GetElapsedTime(start);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
