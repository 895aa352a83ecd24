// A guest's end of the bus: connects, learns of channels, opens them. Drives GuestProtocol over an IGuestPlatform. What
// vmbus_drv and vmbus_open are to a Linux guest (drivers/hv), and vmbus_client to OpenVMM.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>A guest's connection to its host. Thread-safe. Dispose it to close every channel and unload.</summary>
public sealed partial class GuestBus : IAsyncDisposable
{
    private readonly IGuestPlatform _platform;
    private readonly GuestBusOptions _options;
    private readonly GuestProtocol _protocol;
    private readonly BusLoop _loop;
    private readonly ITimer _timer;
    private readonly IGuestPages _interruptPage;
    private IDisposable? _messages;
    private readonly Dictionary<uint, GuestChannel> _open = [];
    private readonly TaskCompletionSource<GuestEvent.Connected> _connected = NewSource<GuestEvent.Connected>();
    private volatile Exception? _failure;
    private GuestEvent.Connected? _connection;
    private IGuestPages? _monitorPages;     // parent to child, then child to parent
    private IMappedPage? _serverMonitorPage;
    private bool _isMoving;
    private int _disposed;

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
            FreePages();
            throw;
        }
    }

    private GuestBus(IGuestPlatform platform, GuestBusOptions options, GuestProtocol protocol, IGuestPages interruptPage)
    {
        _platform = platform;
        _options = options;
        _protocol = protocol;
        _interruptPage = interruptPage;
        _loop = new BusLoop(Pump, failure => _failure ??= failure);
        _timer = options.Clock.CreateTimer(_ => _loop.Run(_protocol.Elapse), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What was negotiated with the host.</summary>
    public NegotiatedVersion Negotiated => _connection!.Negotiated;

    /// <summary>A mistake of this library, should one ever show: the first exception nobody expected.</summary>
    public Exception? Failure => _failure;

    /// <summary>Connects a guest to its host.</summary>
    /// <param name="platform">What the guest has of its hypervisor.</param>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="GuestBusException">There is no common version, no answer, or the host refuses.</exception>
    public static async Task<GuestBus> ConnectAsync(IGuestPlatform platform, GuestBusOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        cancellationToken.ThrowIfCancellationRequested();
        var bus = new GuestBus(platform, options ?? new GuestBusOptions());
        try
        {
            bus._loop.Run(() => bus._protocol.Connect(bus.Pages));
            await bus._connected.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return bus;
        }
        catch
        {
            await bus.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Has the host interrupt nobody and post nothing until <see cref="ResumeAsync"/>: from 6.0 on, where negotiated.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The feature was not negotiated.</exception>
    /// <exception cref="GuestBusException">The host did not answer.</exception>
    public Task PauseAsync(CancellationToken cancellationToken = default) =>
        AskAsync(Awaited.Pause, 0, _protocol.Pause, "pause", cancellationToken);

    /// <summary>Takes new monitor pages and has the host go over to them: from 6.0 on, where negotiated.</summary>
    /// <param name="cancellationToken">Ends the wait; both pairs of pages then stay taken.</param>
    /// <exception cref="InvalidOperationException">
    /// The feature was not negotiated, the pages are the host's, or a channel is open: a sender might still set a bit in
    /// the old page when nobody looks at it any more.
    /// </exception>
    /// <exception cref="GuestBusException">The host did not.</exception>
    public async Task MoveMonitorPagesAsync(CancellationToken cancellationToken = default)
    {
        IGuestPages pages = _platform.AllocatePages(2);
        try
        {
            await AskAsync(Awaited.Monitors, 0, () => BeginMove(pages), "move the monitor pages", cancellationToken).ConfigureAwait(false);
        }
        catch (Exception refused) when (refused is InvalidOperationException or GuestBusException { Result.Outcome: RequestOutcome.Completed or RequestOutcome.NotPosted })
        {
            await _loop.RunAsync(() => _isMoving = false).ConfigureAwait(false);
            pages.Dispose();
            throw;
        }
        IGuestPages? old = await _loop.RunAsync(() =>
        {
            _isMoving = false;
            (IGuestPages? before, _monitorPages) = (_monitorPages, pages);
            return before;
        }).ConfigureAwait(false);
        old?.Dispose();
    }

    private void BeginMove(IGuestPages pages)
    {
        if (_open.Count + _opening.Count > 0 || _isMoving || _connection!.AreServerPages || _monitorPages is null)
            throw new InvalidOperationException($"Monitor pages move only while no channel is open ({_open.Count} are) and the guest has pages of its own.");
        _protocol.ModifyConnection(AddressOf(pages, 0), AddressOf(pages, 1));
        _isMoving = true;
    }

    /// <summary>Ends a pause.</summary>
    /// <exception cref="InvalidOperationException">The connection is not paused.</exception>
    public Task ResumeAsync() => _loop.RunAsync(() =>
    {
        ObjectDisposedException.ThrowIf(_isSaved, this);
        _protocol.Resume();
    });

    /// <summary>
    /// Closes every channel, unloads and takes the pages back. A host that does not answer is left alone after the
    /// timeout, and what it may still write to stays taken.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        bool isReleased = true;
        foreach (GuestChannel channel in await _loop.RunAsync(() => _open.Values.ToArray()).ConfigureAwait(false))
            isReleased &= await TryCloseAsync(channel).ConfigureAwait(false);
        isReleased &= await UnloadAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        _messages?.Dispose();
        await EndAsync().ConfigureAwait(false);
        if (isReleased)
            FreePages();
    }

    /// <summary>
    /// The guest is being reset: everything is let go of without a word to the host, which learns of it by other means.
    /// </summary>
    public async Task AbandonAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _messages?.Dispose();
        await _timer.DisposeAsync().ConfigureAwait(false);
        foreach (GuestChannel channel in await _loop.RunAsync(() => _open.Values.ToArray()).ConfigureAwait(false))
            await channel.AbandonAsync().ConfigureAwait(false);
        await EndAsync().ConfigureAwait(false);
        FreePages();
    }

    // What every end of the connection has in common, when nothing comes any more.
    private async Task EndAsync()
    {
        await _loop.RunAsync(EndWatches).ConfigureAwait(false);
        _platform.ShareEvents(null);
        _serverMonitorPage?.Dispose();
    }

    private static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task<bool> TryCloseAsync(GuestChannel channel)
    {
        try
        {
            await channel.CloseAsync().ConfigureAwait(false);
            return true;
        }
        catch (GuestBusException)
        {
            // Its memory stays taken, and the unload that comes makes the host let go of everything it knows of.
            return false;
        }
    }

    private GuestPages Pages => new(AddressOf(_interruptPage, 0), AddressOf(_monitorPages, 0), AddressOf(_monitorPages, 1));

    private InterruptPageView InterruptPage => new(_interruptPage.Address);

    private static ulong AddressOf(IGuestPages? pages, int page) => pages is null ? 0 : pages.PageFrames.Span[page] * GpadlRange.PageSize;

    private void FreePages()
    {
        _interruptPage.Dispose();
        _monitorPages?.Dispose();
    }

    private async Task<bool> UnloadAsync()
    {
        Task<RequestResult>? unloaded = await _loop.RunAsync(() =>
        {
            if (_protocol.State == GuestConnectionState.Disconnected)
                return null;
            Task<RequestResult> wait = Await(Awaited.Unload, 0);
            _protocol.Unload();
            return wait;
        }).ConfigureAwait(false);
        return unloaded is null || (await unloaded.ConfigureAwait(false)).IsSuccess;
    }

    private void Receive(ReadOnlySpan<byte> payload)
    {
        byte[] message = payload.ToArray();
        _loop.Run(() =>
        {
            NegotiatedVersion negotiated = _protocol.Negotiated;
            MessageFault fault = _protocol.Receive(message);
            _options.Observer?.Observe(MessageDirection.HostToGuest, message, negotiated, fault);
        });
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
