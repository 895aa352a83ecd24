// A whole machine in this process: hypervisor, host, one guest, and the bus between them, spoken as on any other.

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.InMemory;

/// <summary>
/// A hypervisor with a host and a guest. Offer devices on <see cref="Host"/>, and open them with <see cref="OpenAsync"/>. For
/// more control over the connection, use <see cref="ConnectAsync"/>: any number of times, one connection at a time.
/// Thread-safe.
/// </summary>
/// <remarks>Dispose it when done: that closes connections and channels that are still open.</remarks>
public sealed class InMemoryMachine : IAsyncDisposable
{
    private const int HostMemorySize = 1 << 20;

    private readonly InMemoryGuestPlatform _platform;
    private readonly Lock _sync = new();
    private readonly List<GuestBus> _guests = [];               // under the lock: those that have not ended
    private readonly SemaphoreSlim _connecting = new(1);        // one OpenAsync at a time makes a connection
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;
    private int _entered;                                       // under the lock: connects and restores under way
    private TaskCompletionSource? _noneEntered;

    /// <summary>Creates a machine whose guest is not connected.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public InMemoryMachine(InMemoryMachineOptions? options = null)
    {
        Options = (options ?? new InMemoryMachineOptions()).WithClock();
        Hypervisor = new Hypervisor(Options.Hypervisor);
        try
        {
            HostPartition = Hypervisor.CreatePartition(HostMemorySize);
            GuestPartition = Hypervisor.CreatePartition(Options.GuestMemorySize, Options.GuestVpCount);
            _platform = new InMemoryGuestPlatform(GuestPartition, Options.DispatchMode, Options.ScatterPages);
            Host = new HostBus(new InMemoryGuestPartition(HostPartition, GuestPartition), Options.Host);
        }
        catch
        {
            _platform?.Dispose();
            Hypervisor.Dispose();
            throw;
        }
    }

    /// <summary>The options of the machine.</summary>
    public InMemoryMachineOptions Options { get; }

    /// <summary>The hypervisor.</summary>
    internal Hypervisor Hypervisor { get; }

    /// <summary>The host's partition: the root.</summary>
    internal Partition HostPartition { get; }

    /// <summary>The guest's partition.</summary>
    internal Partition GuestPartition { get; }

    /// <summary>What the guest has of the hypervisor.</summary>
    internal IGuestPlatform Platform => _platform;

    /// <summary>The host's end of the bus.</summary>
    public HostBus Host { get; private set; }

    /// <summary>Connects the guest.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The connection. Dispose it to unload; disposing the machine ends it without an unload.</returns>
    /// <exception cref="GuestBusException">The host refuses, or does not answer.</exception>
    /// <exception cref="InvalidOperationException">The guest is already connected.</exception>
    public Task<GuestBus> ConnectAsync(GuestBusOptions? options = null, CancellationToken cancellationToken = default) =>
        EnterAsync(options, GuestBus.ConnectAsync, cancellationToken);

    /// <summary>Restores a saved connection of the guest. The host does not notice.</summary>
    /// <param name="state">The state from <see cref="GuestBus.SaveAsync"/>.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Checked before the restore begins.</param>
    /// <returns>The connection; <see cref="GuestBus.GetChannelsAsync"/> returns the channels that were open.</returns>
    /// <exception cref="SavedStateException">
    /// The state is invalid, is damaged, or does not fit the options or the guest's memory.
    /// </exception>
    public Task<GuestBus> RestoreGuestAsync(ReadOnlyMemory<byte> state, GuestBusOptions? options = null, CancellationToken cancellationToken = default) =>
        EnterAsync(options, (platform, own, token) => GuestBus.RestoreAsync(platform, state, own, token), cancellationToken);

    /// <summary>
    /// Opens a channel that is offered on <see cref="Host"/>: connects the guest unless it is connected, waits up to
    /// <see cref="GuestBusOptions.OfferTimeout"/> for the offer, and opens it. All channels opened this way share one
    /// connection, which ends with the machine.
    /// </summary>
    /// <param name="offer">The host's offer: class, instance and subchannel identify it.</param>
    /// <param name="options">The channel's options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The open channel; dispose it to close it.</returns>
    /// <exception cref="GuestBusException">
    /// The host does not offer the channel (the message lists its offers), refuses, does not answer, or rescinds the channel;
    /// or the connection ends.
    /// </exception>
    /// <exception cref="InvalidOperationException">The channel is already open.</exception>
    public async Task<VmBusChannel> OpenAsync(HostOffer offer, GuestChannelOptions? options = null, CancellationToken cancellationToken = default)
        => (await OpenChannelAsync(offer, options, cancellationToken).ConfigureAwait(false)).Channel;

    internal async Task<GuestChannel> OpenChannelAsync(HostOffer offer, GuestChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offer);
        GuestBus guest = await GetConnectionAsync(cancellationToken).ConfigureAwait(false);
        GuestOffer offered = await guest.WaitForOfferAsync(offer.InterfaceType, offer.InterfaceInstance, offer.SubchannelIndex, cancellationToken).ConfigureAwait(false);
        return await guest.OpenChannelAsync(offered, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Saves the host's end of the bus and ends it. The guest does not notice.</summary>
    /// <param name="cancellationToken">Checked before the save begins; a save that has begun cannot be cancelled.</param>
    /// <returns>The state, for <see cref="RestoreHost"/>.</returns>
    public async Task<byte[]> SaveHostAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        byte[] state = await Host.SaveAsync().ConfigureAwait(false);
        await Host.DisposeAsync().ConfigureAwait(false);
        return state;
    }

    /// <summary>Restores a saved host's end of the bus, and makes it the new <see cref="Host"/>.</summary>
    /// <param name="state">The state from <see cref="SaveHostAsync"/>.</param>
    /// <returns>The new <see cref="Host"/>: offer its devices again, then complete the restore.</returns>
    /// <exception cref="SavedStateException">The state cannot be restored.</exception>
    /// <exception cref="InvalidOperationException">The machine already has a host's end.</exception>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public HostBus RestoreHost(ReadOnlySpan<byte> state)
    {
        // A dispose that comes meanwhile waits, and takes the new one down.
        Enter();
        try
        {
            return Host = HostBus.Restore(new InMemoryGuestPartition(HostPartition, GuestPartition), state, Options.Host);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Ends the host, then every connection of the guest with its channels, then the hypervisor. A device that is serving a
    /// channel is cancelled and awaited. Called from inside a service, it returns once this has begun; any other call
    /// returns when it is done.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        // Not as a part of the service that may call: the hypervisor goes when every service has ended, that one too.
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static machine => _ = machine.RunEndAsync(), this, preferLocal: false);
        return Host.IsCalledByService ? ValueTask.CompletedTask : new ValueTask(_ended.Task);
    }

    /// <summary>Makes a connection that ends with the machine.</summary>
    internal async Task<GuestBus> EnterAsync(
        GuestBusOptions? options, Func<IGuestPlatform, GuestBusOptions, CancellationToken, Task<GuestBus>> make, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            return await ConnectCoreAsync(Options.WithClock(options ?? new GuestBusOptions()), make, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    private void Enter()
    {
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            _entered++;
        }
    }

    private void Leave()
    {
        lock (_sync)
        {
            if (--_entered == 0)
                _noneEntered?.TrySetResult();
        }
    }

    private async Task<GuestBus> ConnectCoreAsync(
        GuestBusOptions options, Func<IGuestPlatform, GuestBusOptions, CancellationToken, Task<GuestBus>> make, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        GuestBus guest;
        try
        {
            guest = await make(Platform, options, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new ObjectDisposedException(nameof(InMemoryMachine), "The machine was disposed while its guest was being connected.");
        }

        // A machine that is disposed meanwhile finds it here: it waits until nothing connects any more.
        lock (_sync)
        {
            _guests.RemoveAll(other => other.Completion.IsCompletedSuccessfully);
            _guests.Add(guest);
        }

        return guest;
    }

    // The guest is not asked to say good-bye: it may be in the middle of anything, and its host is about to go.
    private async Task RunEndAsync()
    {
        try
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            Task noneEntered;
            lock (_sync)
            {
                _noneEntered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_entered == 0)
                    _noneEntered.SetResult();
                noneEntered = _noneEntered.Task;
            }

            await noneEntered.ConfigureAwait(false);
            await Host.DisposeAsync().ConfigureAwait(false);
            GuestBus[] guests;
            lock (_sync)
                guests = [.. _guests];
            foreach (GuestBus guest in guests)
                await guest.AbandonAsync(CancellationToken.None).ConfigureAwait(false);
            _platform.Dispose();
            Hypervisor.Dispose();
            _ended.SetResult();
        }
        catch (Exception failure)
        {
            _ended.SetException(failure);
        }
    }

    private async Task<GuestBus> GetConnectionAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            lock (_sync)
            {
                if (_guests.FindLast(guest => !guest.Completion.IsCompleted) is { } connected)
                    return connected;
            }

            return await ConnectAsync(null, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _connecting.Release();
        }
    }
}
