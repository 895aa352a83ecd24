// A host's end of the bus for one guest: devices offer channels on it, the guest opens them. Drives HostProtocol over an
// IGuestPartition. What VmbusServer is to OpenVMM (vmbus_server lib.rs).

using System.Collections.Concurrent;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>
/// Offers channels to one guest and serves them. Thread-safe. Nothing the guest does makes a call here fail. A guest's
/// request that cannot be granted is refused and counted.
/// </summary>
/// <remarks>
/// An error in a device or a callback affects only its own channel or request: see <see cref="IChannelDevice"/>. A bug in this
/// library or in the partition sets <see cref="Failure"/>: the bus stops and cancels its services, pending and later calls
/// throw <see cref="BusFaultException"/>, and <see cref="DisposeAsync"/> still works.
/// </remarks>
public sealed partial class HostBus : IAsyncDisposable
{
    // What comes while another thread is in the protocol. A guest that sends more at a time is told to try again.
    private const int InboxLimit = 64;

    private readonly IGuestPartition _partition;
    private readonly HostBusOptions _options;
    private readonly HostProtocol _protocol;
    private readonly BusLoop _loop;
    private readonly ConcurrentQueue<byte[]> _inbox = new();     // filled under its lock
    private readonly Dictionary<OfferId, OfferLink> _links = [];
    private readonly Dictionary<(Guid Type, Guid Instance, ushort Subchannel), OfferLink> _leaving = [];   // taken back when the service has ended
    private readonly List<IDisposable> _connections = [];
    private readonly HashSet<Question> _transports = [];
    private readonly RingFrames _frames = new();
    private readonly MappingBudget _mappings;
    private readonly DeviceCode _code;
    private readonly DeviceFailures _failures;
    private volatile Func<TransportRequest, CancellationToken, ValueTask<bool>>? _transportConnect;
    private readonly TaskCompletionSource _disposal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _timer;
    private ConnectedPages? _pages;
    private TaskCompletionSource? _idle;
    private IMessageObserver? _observer;
    private Task _leftByFault = Task.CompletedTask;
    private volatile Exception? _failure;
    private volatile Snapshot _connection = new(HostState.Disconnected, default);
    private bool _stopped;
    private bool _isHeld;       // being saved, saved, or not restored yet: the guest's messages are told to come again
    private long _refused;
    private long _putOff;
    private volatile string? _lastRefusal;

    /// <summary>Makes a bus and starts taking the guest's messages.</summary>
    /// <param name="partition">The guest.</param>
    /// <param name="options">How the bus behaves; <see langword="null"/> for the defaults.</param>
    /// <exception cref="InvalidOperationException">The guest has a host bus already.</exception>
    internal HostBus(IGuestPartition partition, HostBusOptions? options = null)
        : this(partition, options ?? new HostBusOptions(), static (protocol, clock) => new HostProtocol(protocol, clock))
    {
    }

    private HostBus(IGuestPartition partition, HostBusOptions options, Func<HostProtocolOptions, TimeProvider, HostProtocol> protocol)
    {
        ArgumentNullException.ThrowIfNull(partition);
        options.Validate();
        _partition = partition;
        _options = options;
        _observer = options.Observer;
        _transportConnect = options.TransportConnect;
        _code = new DeviceCode(options.Scheduler);
        _mappings = new MappingBudget(options.MaxRingMappings, options.Clock);
        _failures = new DeviceFailures(failed => DeviceFailed?.Invoke(this, failed));
        _protocol = protocol(options.Protocol with { VpCount = (uint)partition.VpCount }, options.Clock);
        _isHeld = _isRestoring = _protocol.IsRestoring;
        _loop = new BusLoop(Pump, OnFault);
        _timer = _options.Clock.CreateTimer(_ => _loop.Run(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            _connections.Add(partition.WatchMessageSlots(() => _loop.Run(_protocol.Hurry)));
            foreach (uint connection in new HashSet<uint> { MessageConnection.Legacy, MessageConnection.Contact, _options.Protocol.MessageConnectionId })
                _connections.Add(partition.ConnectMessages(connection, Receive));
        }
        catch
        {
            StopListening();
            throw;
        }
    }

    /// <summary>
    /// What was negotiated with the guest; <see cref="NegotiatedVersion.IsNegotiated"/> tells whether it is connected.
    /// </summary>
    public NegotiatedVersion Negotiated => _connection.Negotiated;

    /// <summary>Where the connection stands.</summary>
    internal HostState State => _connection.State;

    /// <summary>The unexpected exception that stopped the bus: a bug in this library or in the partition.</summary>
    public Exception? Failure => _failure;

    /// <summary>
    /// Raised for each failure of a device or a callback, in order, one at a time, on a thread-pool thread. If a handler hangs,
    /// at most 64 later failures are queued for it; all are counted in <see cref="HostBusStatistics.DeviceFailures"/>.
    /// </summary>
    public event EventHandler<DeviceFailedEventArgs>? DeviceFailed;

    /// <summary>
    /// Called when the guest requests a socket channel; initially <see cref="HostBusOptions.TransportConnect"/>, which documents
    /// it. Set this if the answer needs the bus itself. A change does not affect a pending request.
    /// </summary>
    public Func<TransportRequest, CancellationToken, ValueTask<bool>>? TransportConnect
    {
        get => _transportConnect;
        set => _transportConnect = value;
    }

    /// <summary>Returns the bus's current resources and counters.</summary>
    /// <exception cref="BusFaultException">The bus has failed.</exception>
    public Task<HostBusStatistics> GetStatisticsAsync() => _loop.RunAsync(() => new HostBusStatistics(
        _protocol.RelidsInUse, _protocol.MonitorIdsInUse, _protocol.GpadlCount, _protocol.GpadlPages, _links.Values.Count(link => link.IsOpen),
        _protocol.Faults.Total, Interlocked.Read(ref _refused), _lastRefusal, _failures.Count, _failures.Last, _lostServices, _frames.Count, _mappings.OfOpen, _mappings.OfRetired, AbandonedCalls, _protocol.PostsDelayed, _protocol.MessagesGivenUp,
        Interlocked.Read(ref _putOff), _protocol.SocketRequests));

    /// <summary>
    /// Offers a channel. If a channel of the same name is being revoked, this one is offered once the old one's service has
    /// ended, and the guest sees it once it has released the old one. The guest sees a subchannel after its primary channel.
    /// </summary>
    /// <param name="offer">What to offer.</param>
    /// <param name="device">The device that serves it.</param>
    /// <param name="options">How the host's end is created; <see langword="null"/> for the defaults.</param>
    /// <returns>The offer. Dispose it to revoke it.</returns>
    /// <exception cref="ArgumentException">The offer has an invalid value.</exception>
    /// <exception cref="InvalidOperationException">
    /// The channel is already offered, or there are too many; or the caller is the service of the channel of the same name,
    /// which is being revoked and waits for that service to end.
    /// </exception>
    /// <exception cref="BusFaultException">The bus has failed.</exception>
    public async Task<OfferedChannel> OfferAsync(HostOffer offer, IChannelDevice device, DeviceChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(offer);
        ArgumentNullException.ThrowIfNull(device);
        var link = new OfferLink(offer, device, options ?? new DeviceChannelOptions());
        link.Handle = new OfferedChannel(this, link);
        OpenedChannel? caller = _code.Inside;
        while (true)
        {
            ObjectDisposedException.ThrowIf(_stopped || _isSaving, this);
            OfferLink? leaving = await _loop.RunAsync(() => TryOffer(link, caller)).ConfigureAwait(false);
            if (leaving is null)
                return link.Handle;
            await leaving.Revoked.ConfigureAwait(false);
        }
    }

    /// <summary>
    /// For a guest that was reset or has ended: closes every channel, and drops the connection and all messages not handled
    /// yet. Offers stay. Call it before the next guest runs.
    /// </summary>
    /// <returns>
    /// Completes when every service has ended or lost its channel. Called from inside a service, it completes once the reset has
    /// begun.
    /// </returns>
    /// <exception cref="ObjectDisposedException">The bus was saved.</exception>
    /// <exception cref="BusFaultException">The bus has failed.</exception>
    public async Task ResetAsync()
    {
        Task idle = await _loop.RunAsync(() =>
        {
            ObjectDisposedException.ThrowIf(_isSaving, this);
            return BeginReset();
        }).ConfigureAwait(false);
        if (!IsCalledByService)
            await idle.ConfigureAwait(false);
    }

    /// <summary>
    /// Stops the bus: it accepts no more messages, and closes every channel. Disposing a bus that was saved frees its
    /// resources, and the guest does not notice. Called from inside a service, it returns once this has begun; any other call
    /// returns when it is done.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        bool isFirst = !Interlocked.Exchange(ref _stopped, true);
        if (isFirst)
            _ = TakeDownAsync();
        return IsCalledByService ? ValueTask.CompletedTask : new ValueTask(_disposal.Task);
    }

    /// <summary>Completed when all is taken down.</summary>
    internal Task Disposed => _disposal.Task;

    /// <summary>Whether the caller is a service of this bus, which must not wait for its own end.</summary>
    internal bool IsCalledByService => _code.Inside is not null;

    internal async Task RevokeAsync(OfferLink link)
    {
        await _loop.RunAsync(() => BeginRevoke(link)).ConfigureAwait(false);
        // A service that waited for its own end would wait until it loses the channel.
        if (_code.Inside is not { } inside || !link.Takes(inside.Link))
            await link.Revoked.ConfigureAwait(false);
    }

    // Answers with the offer to wait for, if the name is not free yet.
    private OfferLink? TryOffer(OfferLink link, OpenedChannel? caller)
    {
        // A subchannel waits for a primary that is being taken back, too: it would go with that one.
        if (_leaving.TryGetValue(link.Name, out OfferLink? leaving) || _leaving.TryGetValue(link.PrimaryName, out leaving))
        {
            return caller is null || !leaving.Takes(caller.Link) ? leaving
                : throw new InvalidOperationException($"Channel {leaving.Relid} of the same name is revoked when its service has ended, but the caller is that service.");
        }
        link.Id = _protocol.Offer(link.Offer);
        _links.Add(link.Id, link);
        return null;
    }

    private Task BeginReset()
    {
        ForgetGuest();
        _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _idle.Task;
    }

    // What it posted and was not looked at goes with it: the next guest has its memory, and other pages.
    private void ForgetGuest()
    {
        lock (_inbox)
            _inbox.Clear();
        _protocol.Reset();
    }

    private async Task TakeDownAsync()
    {
        try
        {
            StopListening();
            // Asked on the loop: a save that came first keeps the guest, one that comes now is refused.
            await (await _loop.RunAsync(() => _isSaving ? Task.CompletedTask : BeginReset()).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (BusFaultException)
        {
            // Told by Failure.
        }
        catch (Exception failure)
        {
            _disposal.TrySetException(failure);
            return;
        }
        // What services still have goes as they end, and they have as long as at any close.
        if (_loop.Fault is not null)
            await Task.WhenAny(_leftByFault, Task.Delay(_options.DeviceCloseTimeout, _options.Clock)).ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        _disposal.TrySetResult();
    }

    // Ends all that is waited for. The guest is told nothing: it finds that the host answers no more.
    private void OnFault(BusFaultException fault)
    {
        _failure = fault.InnerException;
        VmBusEventSource.Log.BusFailed(ChannelIdentity.Host, fault);
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _idle?.TrySetException(fault);
        DropTransports();
        var services = new List<Task>();
        var failures = new List<Exception>();
        foreach (OfferLink link in _links.Values)
        {
            link.SetFaulted(fault);
            try
            {
                DropOpening(link);
                if (link.Opened is not { } opened)
                    continue;
                link.Opened = null;
                services.Add(opened.Service);
                opened.BeginClose(static () => { }, Timeout.InfiniteTimeSpan, _options.Clock);
                opened.Leave();
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }
        _leftByFault = Task.WhenAll(services);
        _pages?.Dispose();
        _pages = null;
        if (failures.Count > 0)
            throw new AggregateException(failures);
    }

    private void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
    {
        try
        {
            _observer?.Observe(direction, message, negotiated, fault);
        }
        catch (Exception failure)
        {
            _observer = null;
            _failures.Report(DeviceOperation.Observe, null, failure);
        }
    }

    private HypercallStatus Receive(ReadOnlySpan<byte> payload)
    {
        if (_stopped || _failure is not null)
            return HypercallStatus.InvalidConnectionId;
        lock (_inbox)
        {
            if (_isHeld)
                return HypercallStatus.InsufficientBuffers;
            if (_inbox.Count >= InboxLimit)
            {
                Interlocked.Increment(ref _putOff);
                return HypercallStatus.InsufficientBuffers;
            }
            _inbox.Enqueue(payload.ToArray());
        }
        _loop.Run(static () => { });
        return HypercallStatus.Success;
    }

    // After each piece of work: do what the protocol wants, post what it says, give it what came, until nothing moves.
    private void Pump()
    {
        if (_isSaving)
            return;
        bool moved;
        do
        {
            moved = false;
            while (_protocol.TryTakeAction(out HostAction action))
            {
                Do(action);
                moved = true;
            }
            EndReset();
            while (_protocol.TryPeekPost(out QueuedMessage message))
            {
                NegotiatedVersion negotiated = _protocol.Negotiated;
                HypercallStatus status = _partition.PostMessage(message.Target, message.Bytes.Span);
                _protocol.CompletePost(status);
                if (status != HypercallStatus.Success)
                    continue;
                Observe(MessageDirection.HostToGuest, message.Bytes.Span, negotiated, MessageFault.None);
                moved = true;
            }
            while (_protocol.CanReceive && _inbox.TryDequeue(out byte[]? received))
            {
                NegotiatedVersion negotiated = _protocol.Negotiated;
                MessageFault fault = _protocol.Receive(received);
                Observe(MessageDirection.GuestToHost, received, negotiated, fault);
                if (fault != MessageFault.None)
                {
                    string name = fault.ToString();
                    ChannelMeter.OnMessageFault(name);
                    VmBusEventSource.Log.MessageNotTaken(name);
                }
                if (fault == MessageFault.LimitExceeded)
                    Refuse(LimitOf(ChannelMessages.Read<ChannelMessageHeader>(received).MessageType));
                moved = true;
            }
        }
        while (moved);
        ShowConnection();
        if (!_stopped || _protocol.UntilDue is not null)
            _timer.Change(_protocol.UntilDue ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    // Before the next guest is heard, which may have posted already.
    private void EndReset()
    {
        if (_idle is not { } idle || _protocol.State != HostState.Disconnected || _links.Values.Any(link => link.IsOpen))
            return;
        _idle = null;
        ShowConnection();
        idle.SetResult();
    }

    private void ShowConnection()
    {
        if (_connection.State != _protocol.State || _connection.Negotiated != _protocol.Negotiated)
            _connection = new Snapshot(_protocol.State, _protocol.Negotiated);
    }

    private void StopListening()
    {
        foreach (IDisposable connection in _connections)
            connection.Dispose();
        _connections.Clear();
    }

    // What other threads may look at: the protocol itself is the loop's alone.
    private sealed record Snapshot(HostState State, NegotiatedVersion Negotiated);
}
