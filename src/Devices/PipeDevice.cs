// A pipe that a host offers: each open of its channel is a stream. What a COM port's or a component's named pipe is to
// Hyper-V, and a BytePipe or MessagePipe over an offered channel to OpenVMM (vmbus_async).

using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Pipes;

namespace VmBus.Devices;

/// <summary>Serves each open of a channel as a <see cref="PipeStream"/>. Thread-safe.</summary>
public sealed class PipeDevice : IChannelDevice
{
    /// <summary>The default class of a pipe.</summary>
    public static readonly Guid InterfaceType = new("b1f6a3c8-4d27-4c9a-8e35-7a0c92d4e1b0");

    /// <summary>The default instance of a pipe.</summary>
    public static readonly Guid InterfaceInstance = new("b1f6a3c8-4d27-4c9a-8e35-7a0c92d4e100");

    private readonly Func<PipeStream, CancellationToken, Task> _serve;

    /// <summary>Creates a device that is not open.</summary>
    /// <param name="serve">
    /// Serves one open. Reads of the stream end once the guest has closed the channel and all its data was read. The token is
    /// cancelled as soon as the guest closes, and ends the wait for a client. The guest's close takes effect when the task has
    /// ended. If the task ends before the close, the stream is disposed, which ends a byte stream for the guest, and the
    /// channel stays open and idle until the guest closes it. If the task fails, the guest loses the channel: see
    /// <see cref="IChannelDevice"/>.
    /// </param>
    public PipeDevice(Func<PipeStream, CancellationToken, Task> serve)
    {
        ArgumentNullException.ThrowIfNull(serve);
        _serve = serve;
    }

    /// <summary>The offer of a pipe. To use another class: <c>Offer() with { InterfaceType = ... }</c>.</summary>
    /// <param name="monitorLatency">The latency of its monitor; <see langword="null"/> for none.</param>
    /// <param name="instance">The instance; <see langword="null"/> for <see cref="InterfaceInstance"/>.</param>
    /// <param name="mode">Whether it carries bytes or messages.</param>
    public static HostOffer Offer(TimeSpan? monitorLatency = null, Guid? instance = null, PipeMode mode = PipeMode.Byte) =>
        new(InterfaceType, instance ?? InterfaceInstance) { Flags = OfferFlags.EnumerateDeviceInterface, PipeMode = mode, MonitorLatency = monitorLatency };

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The channel was not offered as a pipe: <see cref="HostOffer.PipeMode"/>.</exception>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        ArgumentNullException.ThrowIfNull(context);
        PipeMode mode = context.Offer.PipeMode ?? throw new InvalidOperationException("The channel was not offered as a pipe.");
        using (var pipe = new PipeStream(context.Channel, mode, leaveOpen: true))
        {
            try
            {
                await _serve(pipe, closing).ConfigureAwait(false);
            }
            catch (Exception end) when (closing.IsCancellationRequested && end is OperationCanceledException or PeerDisconnectedException)
            {
                // How a service ends: the guest closes its channel.
            }
            finally
            {
                // No peer is left to be told the end, unless the bus was saved: and then the pipe has none.
                if (closing.IsCancellationRequested)
                    pipe.AbandonWriting();
            }
        }
        await Task.Delay(Timeout.Infinite, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
