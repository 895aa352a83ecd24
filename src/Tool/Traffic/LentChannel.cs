using VmBus.Hosting;

namespace VmBus.Tool.Traffic;

/// <summary>A device that lends its end of the channel to a thread of ours, until that gives it back.</summary>
internal sealed class LentChannel : IChannelDevice
{
    private readonly TaskCompletionSource<VmBusChannel> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The host's end, once the guest has opened it.</summary>
    public Task<VmBusChannel> Opened => _opened.Task;

    /// <inheritdoc/>
    public Task ServeAsync(DeviceChannel channel, CancellationToken closing)
    {
        _opened.SetResult(channel.Channel);
        return _returned.Task;
    }

    /// <summary>Nobody uses the host's end any more.</summary>
    public void Return() => _returned.TrySetResult();
}
