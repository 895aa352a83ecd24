// A guest's end of the bus: connects, learns of channels, opens them. Drives GuestProtocol over an IGuestPlatform. What
// vmbus_drv and vmbus_open are to a Linux guest (drivers/hv), and vmbus_client to OpenVMM.

using System.Runtime.CompilerServices;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>A guest's connection to its host. Thread-safe. Dispose it to close every channel and unload.</summary>
/// <remarks>
/// <para>A cancelled call ends at once. Requests it had sent are undone when the host answers; the connection continues.</para>
/// <para>After the end of the connection every call throws <see cref="ObjectDisposedException"/>; pending calls end with
/// <see cref="GuestBusException"/>.</para>
/// </remarks>
public sealed partial class GuestBus : IAsyncDisposable
{
    // What may wait while another thread is at the protocol, in offers and rescinds of every channel there can be.
    private const int InboxLimit = 4 * ((int)GuestProtocolOptions.MaxRelid + 1);

    private readonly IGuestPlatform _platform;
    private readonly GuestBusOptions _options;
    private readonly GuestProtocol _protocol;
    private readonly BusLoop _loop;
    private readonly ITimer _timer;
    private readonly IGuestPages _interruptPage;
    private IDisposable? _messages;
    private readonly Dictionary<uint, GuestChannel> _open = [];
    private readonly TaskCompletionSource<GuestEvent> _connected = NewSource<GuestEvent>();
    private GuestEvent.Connected? _connection;
    private IGuestPages? _monitorPages;     // parent to child, then child to parent
    private IMappedPage? _serverMonitorPage;
    private int _inbox;

    private GuestBus(IGuestPlatform platform, GuestBusOptions options)
        : this(platform, options, new GuestProtocol(options.Protocol, options.Clock), platform.AllocatePages(1))
    {
        try
        {
            _monitorPages = options.HasMonitorPages ? platform.AllocatePages(2) : null;
            _messages = platform.ReceiveMessages(Receive);
        }
        catch
        {
            _timer.Dispose();
            EndPages(isHostGone: true);
            throw;
        }
    }

    private GuestBus(IGuestPlatform platform, GuestBusOptions options, GuestProtocol protocol, IGuestPages interruptPage)
    {
        _platform = platform;
        _options = options;
        _protocol = protocol;
        _interruptPage = interruptPage;
        _loop = new BusLoop(PumpContained, Fail);
        _timer = options.Clock.CreateTimer(_ => _loop.Run(_protocol.Elapse), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What was negotiated with the host.</summary>
    public NegotiatedVersion Negotiated => _connection!.Negotiated;

    /// <summary>Connects a guest to its host. One that is still leaving after a cancelled attempt is waited for.</summary>
    /// <param name="platform">What the guest has of its hypervisor.</param>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up at once. The host is asked to forget the guest; the next connection waits for that.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="GuestBusException">There is no common version, no answer, or the host refuses.</exception>
    /// <exception cref="InvalidOperationException">The guest is connected already.</exception>
    /// <exception cref="InsufficientMemoryException">The guest has no memory for its pages.</exception>
    internal static async Task<GuestBus> ConnectAsync(IGuestPlatform platform, GuestBusOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        cancellationToken.ThrowIfCancellationRequested();
        if (Leaving.TryGetValue(platform, out Task? leaving))
            await leaving.WaitAsync(cancellationToken).ConfigureAwait(false);
        var bus = new GuestBus(platform, options ?? new GuestBusOptions());
        try
        {
            await bus._loop.RunAsync(() => bus._protocol.Connect(bus.Pages)).ConfigureAwait(false);
            GuestEvent end = await bus._connected.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (end is GuestEvent.ConnectFailed { Reason: var reason })
                throw bus.NotConnected(reason);
            return bus;
        }
        catch (OperationCanceledException)
        {
            Leaving.AddOrUpdate(platform, bus.EndAsync());
            throw;
        }
        catch
        {
            await bus.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static ConditionalWeakTable<IGuestPlatform, Task> Leaving { get; } = [];

    private static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GuestPages Pages => new(AddressOf(_interruptPage, 0), AddressOf(_monitorPages, 0), AddressOf(_monitorPages, 1));

    private InterruptPageView InterruptPage => new(_interruptPage.Address);

    private static ulong AddressOf(IGuestPages? pages, int page) => pages is null ? 0 : pages.PageFrames.Span[page] * GpadlRange.PageSize;

    private GuestBusException NotConnected(ConnectFailure reason)
    {
        string why = reason switch
        {
            ConnectFailure.NoCommonVersion => $"the host supports none of the versions {string.Join(", ", _options.Protocol.ProposedVersions)}",
            ConnectFailure.Timeout => $"the host did not answer within {_options.Protocol.ResponseTimeout.TotalSeconds} s",
            ConnectFailure.LowResources => "the host has no resources for a connection",
            ConnectFailure.Refused => "the host refuses and gives no reason",
            ConnectFailure.NotPosted => "the proposal could not be posted",
            _ => "the attempt was cancelled",
        };
        return new GuestBusException($"There is no connection: {why} ({reason}).", reason, _failure);
    }

    private void Receive(ReadOnlySpan<byte> payload)
    {
        if (Interlocked.Increment(ref _inbox) > InboxLimit)
        {
            Interlocked.Decrement(ref _inbox);
            _loop.Run(() => Fail(new GuestBusException($"The host sends messages faster than they can be handled: {InboxLimit} are queued.", GuestBusError.HostBroken)));
            return;
        }

        byte[] message = payload.ToArray();
        _loop.Run(() =>
        {
            Interlocked.Decrement(ref _inbox);
            NegotiatedVersion negotiated = _protocol.Negotiated;
            MessageFault fault = _protocol.Receive(message);
            Contained(() => _options.Observer?.Observe(MessageDirection.HostToGuest, message, negotiated, fault));
        });
    }

    // What an observer, the platform or the protocol throws fails the connection. The loop goes on: the connection's end is
    // work of it, too.
    private void PumpContained() => Contained(Pump);

    private void Contained(Action work)
    {
        try
        {
            work();
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
    }

    private void Pump()
    {
        if (_isSaved)
            return;
        bool moved;
        do
        {
            moved = false;
            while (_protocol.TryTakeEvent(out GuestEvent happened))
            {
                On(happened);
                moved = true;
            }
            moved |= Settle();
            while (_protocol.TryPeekPost(out QueuedMessage message))
            {
                NegotiatedVersion negotiated = _protocol.Negotiated;
                HypercallStatus status = _platform.PostMessage(message.ConnectionId, message.Bytes.Span);
                _protocol.CompletePost(status);
                moved = true;
                if (status == HypercallStatus.Success)
                    _options.Observer?.Observe(MessageDirection.GuestToHost, message.Bytes.Span, negotiated, MessageFault.None);
            }
        }
        while (moved);
        _timer.Change(_protocol.UntilDue ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        CheckQuiet();
    }
}
