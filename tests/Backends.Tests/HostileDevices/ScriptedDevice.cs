using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>A device that does what a test says: by default it accepts, and serves until it is told to end.</summary>
internal sealed class ScriptedDevice : IChannelDevice
{
    private int _asked;
    private int _served;

    public Func<HostOpenRequest, CancellationToken, ValueTask<bool>> Accept { get; set; } = (_, _) => new(true);

    public Func<DeviceContext, CancellationToken, Task> Serve { get; set; } = static (_, closing) => Task.Delay(Timeout.Infinite, closing);

    public int Asked => Volatile.Read(ref _asked);

    public int Served => Volatile.Read(ref _served);

    public ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        return Accept(request, cancellationToken);
    }

    public Task ServeAsync(DeviceContext channel, CancellationToken closing)
    {
        Interlocked.Increment(ref _served);
        return Serve(channel, closing);
    }
}
