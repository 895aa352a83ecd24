// An integration component as a device: what a host offers for each of a guest's services (Linux hv_utils).

using VmBus.Integration;

namespace VmBus.Hosting;

/// <summary>Runs the host's side of a component on a channel, with a new component for each open. Thread-safe.</summary>
/// <typeparam name="THost">The component.</typeparam>
public sealed class IntegrationDevice<THost> : IChannelDevice where THost : IntegrationHost
{
    private readonly Func<THost> _create;
    private readonly TimeProvider? _clock;
    private TaskCompletionSource<IntegrationHostService<THost>> _running = NewSource();

    /// <summary>Creates a device whose channel is not open yet.</summary>
    /// <param name="create">Creates the component; called for each open.</param>
    /// <param name="clock">The component's own clock; <see langword="null"/> for the system's.</param>
    public IntegrationDevice(Func<THost> create, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(create);
        _create = create;
        _clock = clock;
    }

    /// <summary>The service of the open channel: ends when a guest has opened it.</summary>
    internal Task<IntegrationHostService<THost>> Running => Volatile.Read(ref _running).Task;

    /// <summary>
    /// Calls a function with exclusive access to the component of the open channel, for example to send the guest a request.
    /// Waits until a guest has opened the channel.
    /// </summary>
    /// <param name="use">The function; it must be quick. Its task is awaited after the component is released.</param>
    /// <param name="cancellationToken">Cancels the wait for the component and for the task.</param>
    public async Task<TResult> UseAsync<TResult>(Func<THost, Task<TResult>> use, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(use);
        IntegrationHostService<THost> service = await Running.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await service.Use(use).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        ArgumentNullException.ThrowIfNull(context);
        var service = new IntegrationHostService<THost>(context.Channel, _create(), _clock);
        TaskCompletionSource<IntegrationHostService<THost>> running = _running;
        running.TrySetResult(service);
        try
        {
            await service.RunAsync(closing).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.CompareExchange(ref _running, NewSource(), running);
        }
    }

    private static TaskCompletionSource<IntegrationHostService<THost>> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
