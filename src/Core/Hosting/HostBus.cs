// A host's end of the bus for one guest: devices offer channels on it, the guest opens them. Drives HostProtocol over an
// IGuestPartition. What VmbusServer is to OpenVMM (vmbus_server lib.rs).

using System.Collections.Concurrent;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>
/// Offers channels to one guest and serves them. Thread-safe. Nothing the guest does makes a call here fail: what it asks
/// for and cannot have is refused, and counted.
/// </summary>
public sealed partial class HostBus : IAsyncDisposable
{
    // What comes while somebody else is at the protocol. A guest that sends more at a time is told to try again.
    private const int InboxLimit = 64;

    private readonly IGuestPartition _partition;
    private readonly HostBusOptions _options;
    private readonly HostProtocol _protocol;
    private readonly BusLoop _loop;
    private readonly ConcurrentQueue<byte[]> _inbox = new();     // filled under its lock
    private readonly Dictionary<OfferId, OfferLink> _links = [];
    private readonly List<IDisposable> _connections = [];
    private readonly ITimer _timer;
    private ConnectedPages? _pages;
    private TaskCompletionSource? _idle;
    private volatile Exception? _failure;
    private volatile Snapshot _connection = new(HostState.Disconnected, default);
    private volatile bool _stopped;
    private bool _isHeld;       // being saved, saved, or not restored yet: the guest's messages are told to come again
    private long _refused;
    private volatile string? _lastRefusal;

    /// <summary>Makes a bus and starts taking the guest's messages.</summary>
    /// <param name="partition">The guest.</param>
    /// <param name="options">How the bus behaves; <see langword="null"/> for the defaults.</param>
    /// <exception cref="InvalidOperationException">Somebody takes the guest's messages already.</exception>
    public HostBus(IGuestPartition partition, HostBusOptions? options = null)
        : this(partition, options ?? new HostBusOptions(), static (protocol, clock) => new HostProtocol(protocol, clock))
    {
    }

    private HostBus(IGuestPartition partition, HostBusOptions options, Func<HostProtocolOptions, TimeProvider, HostProtocol> protocol)
    {
        ArgumentNullException.ThrowIfNull(partition);
        _partition = partition;
        _options = options;
        _protocol = protocol(options.Protocol with { VpCount = (uint)partition.VpCount }, options.Clock);
        _isHeld = _protocol.IsRestoring;
        _loop = new BusLoop(Pump, failure => _failure ??= failure);
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

    /// <summary>What was negotiated with the guest; nothing while it is not connected.</summary>
    public NegotiatedVersion Negotiated => _connection.Negotiated;

    /// <summary>Where the connection stands.</summary>
    public HostState State => _connection.State;

    /// <summary>A mistake of this library, should one ever show: the first exception nobody expected.</summary>
    public Exception? Failure => _failure;

    /// <summary>What the bus holds and has counted, by now.</summary>
    public Task<HostBusStatistics> GetStatisticsAsync() => _loop.RunAsync(() => new HostBusStatistics(
        _protocol.RelidsInUse, _protocol.MonitorIdsInUse, _protocol.GpadlCount, _protocol.GpadlPages, _links.Values.Count(link => link.IsOpen),
        _protocol.Faults.Total, Interlocked.Read(ref _refused), _lastRefusal));

    /// <summary>Offers a channel.</summary>
    /// <param name="offer">What is offered.</param>
    /// <param name="device">What serves it.</param>
    /// <param name="options">How the host's end is made; <see langword="null"/> for the defaults.</param>
    /// <returns>The offer. Dispose it to take it back.</returns>
    /// <exception cref="ArgumentException">The offer has an impossible value.</exception>
    /// <exception cref="InvalidOperationException">The same channel is offered already, or there are too many.</exception>
    public async Task<OfferedChannel> OfferAsync(HostOffer offer, IChannelDevice device, DeviceChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(offer);
        ArgumentNullException.ThrowIfNull(device);
        ObjectDisposedException.ThrowIf(_stopped || _isSaving, this);
        var link = new OfferLink(offer, device, options ?? new DeviceChannelOptions());
        return await _loop.RunAsync(() =>
        {
            link.Id = _protocol.Offer(offer);
            _links.Add(link.Id, link);
            return new OfferedChannel(this, link);
        }).ConfigureAwait(false);
    }

    /// <summary>The guest has gone, by a reset or for good: closes everything and forgets the connection. Offers stay.</summary>
    /// <returns>Ends when every service has ended.</returns>
    public async Task ResetAsync()
    {
        Task idle = await _loop.RunAsync(() =>
        {
            ObjectDisposedException.ThrowIf(_isSaving, this);
            _protocol.Reset();
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }).ConfigureAwait(false);
        await idle.ConfigureAwait(false);
    }

    /// <summary>
    /// Takes everything down: the guest's messages are no longer taken, every channel is closed. Of a bus that was saved,
    /// only what is left is taken down, and the guest does not notice.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        StopListening();
        if (!_isSaving)
            await ResetAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
    }

    // The device lets go first, then the guest is told: a rescinded channel's memory is the guest's again.
    internal Task RevokeAsync(OfferLink link)
    {
        _loop.Run(() =>
        {
            if (link.IsRevoked)
                return;
            link.IsRevoked = true;
            if (_isSaving)
                link.SetRevoked();
            else if (link.IsOpen)
                End(link, () => Revoke(link));
            else
                Revoke(link);
        });
        return link.Revoked;
    }

    private HypercallStatus Receive(ReadOnlySpan<byte> payload)
    {
        if (_stopped)
            return HypercallStatus.InvalidConnectionId;
        lock (_inbox)
        {
            if (_isHeld || _inbox.Count >= InboxLimit)
                return HypercallStatus.InsufficientBuffers;
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
            while (_protocol.TryPeekPost(out QueuedMessage message))
            {
                NegotiatedVersion negotiated = _protocol.Negotiated;
                HypercallStatus status = _partition.PostMessage(message.Target, message.Bytes.Span);
                _protocol.CompletePost(status);
                if (status != HypercallStatus.Success)
                    continue;
                _options.Observer?.Observe(MessageDirection.HostToGuest, message.Bytes.Span, negotiated, MessageFault.None);
                moved = true;
            }
            while (_protocol.CanReceive && _inbox.TryDequeue(out byte[]? received))
            {
                NegotiatedVersion negotiated = _protocol.Negotiated;
                MessageFault fault = _protocol.Receive(received);
                _options.Observer?.Observe(MessageDirection.GuestToHost, received, negotiated, fault);
                moved = true;
            }
        }
        while (moved);
        if (_connection.State != _protocol.State || _connection.Negotiated != _protocol.Negotiated)
            _connection = new Snapshot(_protocol.State, _protocol.Negotiated);
        if (_idle is { } idle && _protocol.State == HostState.Disconnected && _links.Values.All(link => !link.IsOpen))
        {
            _idle = null;
            idle.SetResult();
        }
        if (!_stopped || _protocol.UntilDue is not null)
            _timer.Change(_protocol.UntilDue ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
