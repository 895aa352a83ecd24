// Reads a channel for those who await a packet: requests get the completion that carries their transaction id, the stream
// of ReadAllAsync gets the rest. It reads only while a caller waits; otherwise batches may read the ring.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>Hands a channel's packets to requests and to one reader. Thread-safe.</summary>
[SuppressMessage("Reliability", "CA1001:Types that own disposable fields should be disposable",
    Justification = "The semaphores have no handles, and the source is disposed with each stretch of reading.")]
internal sealed class PacketDispatcher(VmBusChannel channel, IncomingRing ring)
{
    /// <summary>Requests in flight at most; the next waits for one of them to end.</summary>
    public const int MaxRequests = 1024;

    // What is kept for the reader while requests read past it. Beyond it the ring fills up, and the other side waits.
    private const int MostKept = 1024;
    private const int MostKeptBytes = 4 << 20;

    private readonly Lock _lock = new();
    private readonly TransactionTable<TaskCompletionSource<ReceivedPacket>> _requests = new(MaxRequests);
    private readonly SemaphoreSlim _slots = new(MaxRequests);
    private readonly SemaphoreSlim _sendTurn = new(1);
    private readonly Queue<ReceivedPacket> _kept = new();
    private int _keptBytes;
    private int _waiters;                       // requests in flight, and the reader that waits
    private bool _isReading;
    private bool _hasReader;
    private TaskCompletionSource? _reader;      // completes when there is something for the reader that waits
    private TaskCompletionSource? _room;        // completes when the reader has taken something
    private CancellationTokenSource? _idle;     // cancels the wait for packets when the last waiter has gone
    private TaskCompletionSource? _settled;     // completes when batches may read the ring again, or a new waiter came
    private Exception? _end;
    private bool _ended;

    /// <summary>Requests in flight.</summary>
    public int Requests => _requests.Count;

    /// <summary>Sends a request, and completes with its completion.</summary>
    public async ValueTask<ReceivedPacket> RequestAsync(ReadOnlyMemory<byte> payload, Urgency urgency, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var completion = new TaskCompletionSource<ReceivedPacket>(TaskCreationOptions.RunContinuationsAsynchronously);
            ulong id = Register(completion);
            try
            {
                await _sendTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    await channel.SendAsync(payload, new SendOptions { TransactionId = id, Flags = PacketFlags.CompletionRequested, Urgency = urgency }, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    _sendTurn.Release();
                }
            }
            catch
            {
                // The channel ended meanwhile and completed the request: observe the result, since no caller will.
                if (!Forget(id))
                    Discard(completion.Task);
                throw;
            }

            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                (_, token) =>
                {
                    if (Forget(id))
                        completion.TrySetCanceled(token);
                },
                null);
            return await completion.Task.ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
            await SettleAsync().ConfigureAwait(false);
        }
    }

    /// <summary>All packets but the completions of requests, until the channel has ended.</summary>
    public async IAsyncEnumerable<ReceivedPacket> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_hasReader)
                throw new InvalidOperationException("The channel's packets are already being read: one ReadAllAsync at a time.");
            _hasReader = true;
        }

        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Task wait;
                lock (_lock)
                {
                    if (_kept.Count == 0)
                    {
                        if (_ended)
                        {
                            if (_end is not (null or ObjectDisposedException))
                                throw _end;
                            yield break;
                        }

                        _reader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                        AddWaiter();
                    }

                    wait = _reader?.Task ?? Task.CompletedTask;
                }

                try
                {
                    await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    lock (_lock)
                    {
                        if (_reader is not null)
                        {
                            _reader = null;
                            RemoveWaiter();
                        }
                    }
                }

                if (!TryTakeKept(out ReceivedPacket? packet))
                    continue;
                using (packet)
                    yield return packet;
            }
        }
        finally
        {
            lock (_lock)
                _hasReader = false;
            await SettleAsync().ConfigureAwait(false);
        }
    }

    // When the last who waited has its answer, the channel can be read by batch again.
    private Task SettleAsync()
    {
        lock (_lock)
        {
            if (_waiters > 0 || !_isReading)
                return Task.CompletedTask;
            _settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _settled.Task;
        }
    }

    private void Settle()
    {
        _settled?.TrySetResult();
        _settled = null;
    }

    private static void Discard(Task<ReceivedPacket> request)
    {
        if (request.IsCompletedSuccessfully)
            request.Result.Dispose();
        else
            _ = request.Exception;
    }

    private bool TryTakeKept([NotNullWhen(true)] out ReceivedPacket? packet)
    {
        lock (_lock)
        {
            if (!_kept.TryDequeue(out packet))
                return false;
            _keptBytes -= packet.Length;
            _room?.TrySetResult();
            return true;
        }
    }

    private ulong Register(TaskCompletionSource<ReceivedPacket> completion)
    {
        lock (_lock)
        {
            if (_ended)
                throw EndFor();
            // There is a slot for each that has passed the semaphore.
            _requests.TryAdd(completion, out ulong id);
            AddWaiter();
            return id;
        }
    }

    // Drops a request whose caller has gone: a late completion finds no entry.
    private bool Forget(ulong id)
    {
        lock (_lock)
        {
            if (!_requests.TryComplete(id, out _))
                return false;
            RemoveWaiter();
            return true;
        }
    }

    private void AddWaiter()
    {
        _waiters++;
        Settle();
        if (_isReading || _ended)
            return;
        _isReading = true;
        channel.TakeIncoming();
        _idle = new CancellationTokenSource();
        _ = ReadAsync(_idle.Token);
    }

    private void RemoveWaiter()
    {
        if (--_waiters != 0)
            return;
        _idle?.Cancel();
        _room?.TrySetResult();
    }

    // One at a time: begun with the first who waits, ended with the last. Never throws.
    private async Task ReadAsync(CancellationToken idle)
    {
        try
        {
            // Not within the lock of the one who begins it.
            await Task.Yield();
            while (true)
            {
                bool more;
                try
                {
                    more = await channel.WaitToReadAsync(ring, idle).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (idle.IsCancellationRequested)
                {
                    more = true;
                }

                if (!more)
                {
                    End(null);
                    return;
                }

                Task? room = Dispatch(out bool writerWaits);
                if (writerWaits)
                    channel.Signaler.SignalRoom();
                if (Stop())
                    return;
                if (room is not null)
                    await Task.WhenAny(room, channel.Completion).ConfigureAwait(false);
                idle = Resume(idle);
            }
        }
        catch (Exception error)
        {
            // Corruption, or the channel's end in the middle of a batch: told to all who wait.
            End(error);
        }
    }

    /// <summary>Takes packets while there are waiters.</summary>
    /// <param name="writerWaits">Whether the other side waits for the room this gave back.</param>
    /// <returns>What to wait for when no more can be kept; otherwise <see langword="null"/>.</returns>
    private Task? Dispatch(out bool writerWaits)
    {
        lock (_lock)
        {
            using IncomingBatch batch = ring.ReadBatch();
            while (_waiters > 0)
            {
                if (_kept.Count >= MostKept || _keptBytes >= MostKeptBytes)
                {
                    writerWaits = batch.Commit();
                    _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    return _room.Task;
                }

                if (!batch.TryNext(out RingPacket packet))
                    break;
                if (packet.Type == PacketType.Completion)
                    Complete(packet);
                else
                    Keep(packet);
            }

            writerWaits = batch.Commit();
            return null;
        }
    }

    private void Complete(scoped in RingPacket packet)
    {
        if (!_requests.TryComplete(packet.TransactionId, out TaskCompletionSource<ReceivedPacket>? request))
            return;     // cancelled since, or never asked
        _waiters--;
        request.TrySetResult(new ReceivedPacket(packet));
    }

    private void Keep(scoped in RingPacket packet)
    {
        var kept = new ReceivedPacket(packet);
        _kept.Enqueue(kept);
        _keptBytes += kept.Length;
        if (_reader is { } reader)
        {
            _reader = null;
            _waiters--;
            reader.TrySetResult();
        }
    }

    private bool Stop()
    {
        lock (_lock)
        {
            if (_waiters > 0)
                return false;
            _isReading = false;
            _idle?.Dispose();
            _idle = null;
            channel.GiveIncomingBack();
            Settle();
            return true;
        }
    }

    // A new waiter came after the last had gone: replace the cancelled token.
    private CancellationToken Resume(CancellationToken idle)
    {
        if (!idle.IsCancellationRequested)
            return idle;
        lock (_lock)
        {
            _idle?.Dispose();
            _idle = new CancellationTokenSource();
            if (_waiters == 0)
                _idle.Cancel();
            return _idle.Token;
        }
    }

    private void End(Exception? error)
    {
        lock (_lock)
        {
            _ended = true;
            _end = error;
            _isReading = false;
            channel.GiveIncomingBack();
            Settle();
            _reader?.TrySetResult();
            _reader = null;
            _waiters = 0;
            while (_requests.TryTakeAny(out TaskCompletionSource<ReceivedPacket>? request))
                request.TrySetException(EndFor());
        }
    }

    private Exception EndFor() => _end is not (null or ObjectDisposedException) ? _end
        : channel.State == ChannelState.Closed ? new ObjectDisposedException(nameof(VmBusChannel), "The channel was closed before the answer arrived.")
        : new PeerDisconnectedException(channel.DisconnectReason ?? "The other side is gone.");
}
