using VmBus.Hosting;

namespace VmBus.Tool;

/// <summary>A device that lends its end of the channel to a thread of ours, until that gives it back.</summary>
internal sealed class LentChannel : IChannelDevice
{
    private readonly TaskCompletionSource<VmBusChannel> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The host's end, once the guest has opened it.</summary>
    public Task<VmBusChannel> Opened => _opened.Task;

    /// <inheritdoc/>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        _opened.SetResult(context.Channel);
        await _returned.Task.ConfigureAwait(false);
        // It is the guest that closes: a service that ended before would be a device that died.
        await Task.Delay(Timeout.Infinite, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The host's end is not used any more.</summary>
    public void Return() => _returned.TrySetResult();
}
