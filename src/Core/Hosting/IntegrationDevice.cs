// An integration component as a device: what a host offers for each of a guest's services (Linux hv_utils).

using VmBus.Integration;

namespace VmBus.Hosting;

/// <summary>Runs the host's side of a component on a channel, a new one for each open. Thread-safe.</summary>
/// <typeparam name="THost">The component.</typeparam>
public sealed class IntegrationDevice<THost> : IChannelDevice where THost : IntegrationHost
{
    private readonly Func<THost> _create;
    private readonly TimeProvider? _clock;
    private TaskCompletionSource<IntegrationHostService<THost>> _running = NewSource();

    /// <summary>Makes a device that is not open.</summary>
    /// <param name="create">Makes the component, for each open one.</param>
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
    /// Does something with the component of the open channel while nothing else does, such as to ask the guest. Waits until a
    /// guest has opened the channel.
    /// </summary>
    /// <param name="use">What to do, quickly: what it returns is awaited when the component is free again.</param>
    /// <param name="cancellationToken">Ends the wait, before and after.</param>
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
