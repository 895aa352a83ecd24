// An open channel of a controller, the primary or a subchannel: takes packets as there are requests free, carries commands out and
// completes them in the order in which they end. What WorkerInner is to OpenVMM (storvsp).
//
//   ring ─► TakeBatch ─► quick: here, one after the other      ─► _done ─► SendAsync, one sender at a time ─► ring
//                    └─► slow: each on a thread of the pool     ┘
//
// Quick is what the last commands were: blocks in the page cache are copied faster than a thread is woken. What waits for storage by
// its nature (a flush, a hole) is never done here.

using System.Diagnostics;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices;

/// <summary>Serves one open of one channel.</summary>
internal sealed class StorageChannel : IDisposable
{
    private const int MostOfBatch = 64;
    private const long QuickMicroseconds = 50;
    private static readonly long QuickTicks = Stopwatch.Frequency * QuickMicroseconds / 1_000_000;
    private static readonly byte[] EnumerateBus = [(byte)StorageOperation.EnumerateBus, .. new byte[StoragePacketHeader.PacketSize - 1]];

    private readonly ScsiController _controller;
    private readonly VmBusChannel _channel;
    private readonly StorageRequest[] _taken = new StorageRequest[MostOfBatch];
    private readonly Lock _sync = new();
    private readonly Stack<StorageRequest> _free;
    private readonly Queue<StorageRequest> _done;
    private readonly int _depth;
    private readonly CancellationTokenSource _faulted = new();
    private readonly CancellationTokenSource _closed = new();       // not by a save
    private readonly DeviceContext _context;
    private TaskCompletionSource? _changed;         // under the lock: set while a wait for a free request, or for the end, goes on
    private bool _isSending;
    private bool _hasEnded;                         // the guest can be told nothing more
    private bool _enumerate;
    private Exception? _fault;
    private int _dispatcher;                        // the thread that carries out a batch: it sends the answers after the last
    private long _batches;
    private long _averageTicks;                     // of a command: any thread, and a lost update is no matter

    public StorageChannel(ScsiController controller, DeviceContext context, int queueDepth)
    {
        _controller = controller;
        _context = context;
        _channel = context.Channel;
        Flow = ExecutionContext.Capture();
        Index = context.Offer.SubchannelIndex;
        _depth = queueDepth;
        _free = new Stack<StorageRequest>(queueDepth);
        _done = new Queue<StorageRequest>(queueDepth);
        for (int request = 0; request < queueDepth; request++)
            _free.Push(new StorageRequest(this, context.Memory));
    }

    /// <summary>0 for the primary channel.</summary>
    public ushort Index { get; }

    /// <summary>What the service flows with: a disk's code on a thread of the pool is the service's, too, and may end its bus.</summary>
    public ExecutionContext? Flow { get; }

    /// <summary>Whether a later open is served in its place: this one did not end in time, and has lost its channel. Under the controller's lock.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>Whether the guest has its memory back.</summary>
    public bool IsLost => _channel.State == ChannelState.Closed;

    /// <summary>What the guest has sent so far. Any thread.</summary>
    public GuestTraffic Traffic
    {
        get
        {
            lock (_sync)
                return new GuestTraffic(Volatile.Read(ref _batches), _free.Count < _depth);
        }
    }

    /// <summary>The disks.</summary>
    public ScsiTarget Target => _controller.Target;

    /// <summary>Serves the channel until it closes. All that was taken is dealt with then.</summary>
    /// <param name="kept">Answers that the guest still has to be given.</param>
    /// <param name="closing">Cancelled when the channel is being closed, or its bus saved.</param>
    /// <returns>The answers that the guest could not be given any more.</returns>
    /// <exception cref="RingCorruptException">The guest broke a ring.</exception>
    public async Task<IReadOnlyList<KeptAnswer>> ServeAsync(IReadOnlyList<KeptAnswer> kept, CancellationToken closing)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(closing, _faulted.Token);
        using CancellationTokenRegistration registration = closing.UnsafeRegister(static channel => ((StorageChannel)channel!).OnClosing(), this);
        var untold = new Queue<KeptAnswer>(kept);
        try
        {
            await GiveKeptAsync(untold, ending.Token).ConfigureAwait(false);
            while (await _channel.WaitToReadAsync(ending.Token).ConfigureAwait(false))
            {
                int room;
                while ((room = CountFree()) == 0)
                    await WaitForChangeAsync(() => _free.Count > 0).WaitAsync(ending.Token).ConfigureAwait(false);
                int count = TakeBatch(room);
                _dispatcher = Environment.CurrentManagedThreadId;
                for (int request = 0; request < count; request++)
                    Dispatch(_taken[request]);
                _dispatcher = 0;
                Send();
            }
        }
        catch (Exception end) when (end is OperationCanceledException or PeerDisconnectedException)
        {
            // How a service ends: the guest closes its channel, or the bus is saved.
        }
        finally
        {
            await WaitForChangeAsync(() => _free.Count + _done.Count == _depth && !_isSending).ConfigureAwait(false);
            lock (_sync)
                _hasEnded = true;
        }
        if (_fault is { } fault)
            throw fault;
        return [.. untold, .. _done.Select(request => new KeptAnswer(Index, request.TransactionId, request.Answer.ToArray()))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _faulted.Dispose();
        _closed.Dispose();
    }

    /// <summary>Tells the guest that disks have come or gone.</summary>
    public void Enumerate()
    {
        lock (_sync)
            _enumerate = true;
        Send();
    }

    /// <summary>A command was carried out. Any thread.</summary>
    public void OnExecuted(StorageRequest request, ScsiOutcome outcome)
    {
        _controller.Count(request.Command, outcome);
        Complete(request);
        if (Volatile.Read(ref _dispatcher) != Environment.CurrentManagedThreadId)
            Send();
    }

    /// <summary>Takes account of how long a command took that is not slow by its nature.</summary>
    public void Average(long ticks)
    {
        long average = Volatile.Read(ref _averageTicks);
        Volatile.Write(ref _averageTicks, average + (ticks - average) / 8);
    }

    // As many as there are requests free. One that could not be told how it ended is not begun.
    private int TakeBatch(int room)
    {
        int count = 0;
        Volatile.Write(ref _batches, _batches + 1);
        try
        {
            using ChannelReadBatch batch = _channel.ReadBatch();
            for (int seen = 0; seen < MostOfBatch && count < room && batch.TryNext(out RingPacket packet); seen++)
            {
                StorageRequest request = _taken[count] = Rent();
                if (packet.WantsCompletion && packet.Type is PacketType.DataInBand or PacketType.DataUsingGpaDirect or PacketType.DataUsingTransferPages && request.TryTake(packet))
                {
                    count++;
                    continue;
                }
                _controller.CountRejected();
                GiveBack(request);
            }
            batch.Commit();
            return count;
        }
        catch
        {
            // The guest broke its ring behind packets that were whole: they are not begun either.
            while (count > 0)
                GiveBack(_taken[--count]);
            throw;
        }
    }

    private StorageRequest Rent()
    {
        lock (_sync)
            return _free.Pop();
    }

    private void GiveBack(StorageRequest request)
    {
        lock (_sync)
        {
            _free.Push(request);
            Changed();
        }
    }

    private void Dispatch(StorageRequest request)
    {
        StorageAnswer answer = Index == 0 ? _controller.Protocol.Handle(request.Packet, request.AnswerBody) : _controller.Protocol.HandleSubchannel(request.Packet);
        switch (answer.Action)
        {
            case StorageAction.Execute when Volatile.Read(ref _averageTicks) < QuickTicks && !ScsiDisk.IsSlow(request.Command):
                request.Execute();
                break;
            case StorageAction.Execute:
                ThreadPool.UnsafeQueueUserWorkItem(request, preferLocal: false);
                break;
            case StorageAction.CreateSubchannels:
                _ = CreateSubchannelsAsync(request, answer.Subchannels);
                break;
            default:
                request.SetAnswer(answer.Status);
                Complete(request);
                break;
        }
    }

    private void OnClosing()
    {
        if (!_context.IsSaved)
            _closed.Cancel();
    }

    private async Task CreateSubchannelsAsync(StorageRequest request, ushort count)
    {
        request.SetAnswer(await _controller.TryOfferSubchannelsAsync(count, _closed.Token).ConfigureAwait(false) ? NtStatus.Success : NtStatus.InvalidParameter);
        Complete(request);
        Send();
    }

    // What an earlier service of this channel could not tell goes first.
    private async Task GiveKeptAsync(Queue<KeptAnswer> kept, CancellationToken cancellationToken)
    {
        while (kept.Count > 0)
        {
            await WaitForChangeAsync(() => _free.Count > 0).WaitAsync(cancellationToken).ConfigureAwait(false);
            StorageRequest request = Rent();
            KeptAnswer answer = kept.Dequeue();
            request.SetAnswer(answer.TransactionId, answer.Packet);
            Complete(request);
            Send();
        }
    }

    private void Complete(StorageRequest request)
    {
        lock (_sync)
        {
            _done.Enqueue(request);
            Changed();
        }
    }

    // One thread sends at a time: the first that finds answers and no sender.
    private void Send()
    {
        lock (_sync)
        {
            if (_isSending || _hasEnded || (_done.Count == 0 && !_enumerate))
                return;
            _isSending = true;
        }
        _ = SendAsync();
    }

    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                if (TrySendDone())
                {
                    if (TryEndSending())
                        return;
                }
                else if (!await _channel.WaitToWriteAsync(StoragePacketHeader.PacketSize, CancellationToken.None).ConfigureAwait(false))
                {
                    break;
                }
            }
        }
        catch (Exception end)
        {
            // The guest broke the ring that it reads, or the bus took the channel away.
            if (end is not ObjectDisposedException)
            {
                _fault = end;
                await _faulted.CancelAsync().ConfigureAwait(false);
            }
        }
        lock (_sync)
        {
            // What is done from now on is kept.
            _hasEnded = true;
            _isSending = false;
            _enumerate = false;
            Changed();
        }
    }

    private bool TrySendDone()
    {
        using ChannelWriteBatch batch = _channel.BeginBatch();
        bool hasRoom = true;
        lock (_sync)
        {
            if (_enumerate)
            {
                hasRoom = !_controller.Protocol.IsReady || batch.TryAdd(EnumerateBus);
                _enumerate = !hasRoom;
            }
            while (hasRoom && _done.TryPeek(out StorageRequest? request))
            {
                hasRoom = batch.TryAdd(OutgoingPacket.Completion(request.Answer, request.TransactionId));
                if (hasRoom)
                    _free.Push(_done.Dequeue());
            }
            Changed();
        }
        batch.Commit();
        return hasRoom;
    }

    private bool TryEndSending()
    {
        lock (_sync)
        {
            if (_done.Count > 0 || _enumerate)
                return false;
            _isSending = false;
            Changed();
            return true;
        }
    }

    private int CountFree()
    {
        lock (_sync)
            return _free.Count;
    }

    private async Task WaitForChangeAsync(Func<bool> condition)
    {
        while (true)
        {
            Task changed;
            lock (_sync)
            {
                if (condition())
                    return;
                _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = _changed.Task;
            }
            await changed.ConfigureAwait(false);
        }
    }

    // Under the lock.
    private void Changed()
    {
        _changed?.TrySetResult();
        _changed = null;
    }
}
