// The host's end of one connection, from its offer to its revoke. What HvsockRelayWorker's channel is to OpenVMM
// (vmbus_server hvsock.rs); what a guest's kernel expects of the end is hvs_close_lock_held of Linux
// (net/vmw_vsock/hyperv_transport.c).

using System.Net.Sockets;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Pipes;

namespace VmBus.Devices;

/// <summary>Offers the channel of one connection, serves its one open, and takes it back.</summary>
internal sealed class HvSocketConnection(HvSocketHost host, Guid service, Guid endpoint, bool isForAccept) : IChannelDevice
{
    // How many times its time a connection may wait for a guest that opens others meanwhile.
    private const int MostTimes = 10;

    private readonly HvSocketOptions _options = host.Options;
    private readonly TaskCompletionSource<HvSocketStream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _begun;

    /// <summary>Completed when the guest has lost the channel, and nothing here uses it any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Offers the channel and waits until the guest has opened it.</summary>
    /// <param name="bus">The bus to offer it on.</param>
    /// <param name="timeout">How long the guest may take, counted from the last connection that it opened, so that a busy guest gets to all.</param>
    /// <param name="offered">Called as soon as the channel is offered.</param>
    /// <param name="ended">Called once at the end, before <see cref="Ended"/> completes.</param>
    /// <param name="cancellationToken">Ends the wait, and takes the offer back.</param>
    /// <exception cref="TimeoutException">The guest has not opened it.</exception>
    /// <exception cref="HvSocketException">The bus has ended meanwhile.</exception>
    /// <exception cref="InvalidOperationException">The channel cannot be offered.</exception>
    public async Task<HvSocketStream> OpenAsync(HostBus bus, TimeSpan timeout, Action offered, Action ended, CancellationToken cancellationToken)
    {
        HostOffer offer = HvSocketOffer.Make(service, endpoint, isForAccept, _options.MonitorLatency);
        // A dispose may send the end while another thread writes.
        OfferedChannel channel = await bus.OfferAsync(offer, this, new DeviceChannelOptions { MultiProducer = true }).ConfigureAwait(false);
        offered();
        _ = RevokeWhenDoneAsync(channel, ended);
        try
        {
            return await WaitAsync(channel, timeout, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // A connection opened at the last moment ends like any other.
            if (!_opened.TrySetCanceled(CancellationToken.None) && _opened.Task.IsCompletedSuccessfully)
                await _opened.Task.Result.DisposeAsync().ConfigureAwait(false);
            await EndAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<HvSocketStream> WaitAsync(OfferedChannel channel, TimeSpan timeout, CancellationToken cancellationToken)
    {
        TimeProvider clock = _options.Clock;
        long start = clock.GetTimestamp();
        TimeSpan left = timeout;
        Task opened = Task.WhenAny(_opened.Task, channel.Completion);
        while (true)
        {
            try
            {
                await opened.WaitAsync(left, clock, cancellationToken).ConfigureAwait(false);
                return _opened.Task.IsCompleted ? await _opened.Task.ConfigureAwait(false)
                    : throw new HvSocketException($"The bus ended before the guest opened a channel for service {service}.", SocketError.ConnectionAborted);
            }
            catch (TimeoutException)
            {
                // The guest may be working through two hundred. If each were taken back and asked for again, none would ever open.
                TimeSpan sinceOpen = clock.GetElapsedTime(Math.Max(start, host.LastOpened));
                left = timeout - sinceOpen;
                if (left <= TimeSpan.Zero || clock.GetElapsedTime(start) >= MostTimes * timeout)
                    throw;
            }
        }
    }

    /// <summary>Takes the channel away, whether it is in use or not.</summary>
    public Task EndAsync()
    {
        _done.TrySetResult();
        return Ended;
    }

    /// <summary>The code that served the connection has failed: the guest loses it, and the bus reports why.</summary>
    public void Fail(Exception failure) => _failed.TrySetResult(failure);

    /// <inheritdoc/>
    public ValueTask<bool> AcceptsAsync(Protocol.HostOpenRequest request, CancellationToken cancellationToken) =>
        new(!_opened.Task.IsCompleted && Interlocked.Exchange(ref _begun, 1) == 0);

    /// <inheritdoc/>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        try
        {
            await ServeOpenAsync(context, closing).ConfigureAwait(false);
        }
        finally
        {
            _done.TrySetResult();
        }
        // The close takes effect when this task ends; the revoke has asked it to.
        await Task.Delay(Timeout.Infinite, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeOpenAsync(DeviceContext context, CancellationToken closing)
    {
        using var pipe = new PipeStream(context.Channel, PipeMode.Byte, leaveOpen: true);
        var stream = new HvSocketStream(pipe, service, endpoint);
        if (!_opened.TrySetResult(stream))
        {
            pipe.AbandonWriting();
            return;
        }
        host.NoteOpened();
        try
        {
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using CancellationTokenRegistration registration = closing.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), closed);
            await Task.WhenAny(stream.Disposed, closed.Task, _failed.Task).ConfigureAwait(false);
            if (_failed.Task.IsCompletedSuccessfully)
                throw _failed.Task.Result;
            if (!closing.IsCancellationRequested)
                await LingerAsync(stream, closing).ConfigureAwait(false);
            else if (!stream.Disposed.IsCompleted)
                await stream.DetachAsync().ConfigureAwait(false);
            // A failure after the stream was disposed.
            if (_failed.Task.IsCompletedSuccessfully)
                throw _failed.Task.Result;
        }
        finally
        {
            pipe.AbandonWriting();
            stream.SetEnded();
        }
    }

    // Outside the service, which must not wait for its own end.
    private async Task RevokeWhenDoneAsync(OfferedChannel channel, Action ended)
    {
        await _done.Task.ConfigureAwait(false);
        try
        {
            await channel.RevokeAsync().ConfigureAwait(false);
        }
        catch (BusFaultException)
        {
            // Nothing is left to take back.
        }
        ended();
        _ended.TrySetResult();
    }

    // A rescind that comes before the guest's program has read the ring loses what is left there. Linux's kernel never closes first: it
    // waits for the rescind, and publishes what its program has read, except for our end packet. So the ring tells when to rescind.
    private async Task LingerAsync(HvSocketStream stream, CancellationToken closing)
    {
        using var limit = new CancellationTokenSource(_options.LingerTimeout, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, closing);
        await stream.DiscardAsync(either.Token).ConfigureAwait(false);
        await stream.WaitUntilReadAsync(either.Token).ConfigureAwait(false);
    }
}
