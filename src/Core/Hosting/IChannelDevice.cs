// What stands behind an offered channel. What the ChannelControl and open/close callbacks of a VmbusDevice are to OpenVMM
// (vmbus_channel).

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>A device that serves a channel. One device may serve several.</summary>
/// <remarks>
/// <para>The bus calls a device on <see cref="HostBusOptions.Scheduler"/>, never on the bus's own thread: a device that is slow,
/// throws or hangs affects only its own channel. Each failure raises <see cref="HostBus.DeviceFailed"/> and is counted.</para>
/// <para>A device may call the bus and its own offer from anywhere. What it calls from inside <see cref="ServeAsync"/> does not
/// wait for that service: <see cref="OfferedChannel.RevokeAsync"/> of its own offer, and <see cref="HostBus.ResetAsync"/> and
/// <see cref="HostBus.DisposeAsync"/> of its bus, return when the end has begun. If two services wait for each other's end, both
/// are ended by <see cref="HostBusOptions.DeviceCloseTimeout"/>.</para>
/// </remarks>
public interface IChannelDevice
{
    /// <summary>Decides whether a guest may open the channel. Its rings are mapped and found good by then.</summary>
    /// <param name="request">What the guest asks for.</param>
    /// <param name="cancellationToken">
    /// Cancelled when the answer is no longer waited for: <see cref="HostBusOptions.DeviceAnswerTimeout"/> is over, the guest has
    /// gone, the offer is taken back, or the bus is saved (and asks again after the restore) or disposed.
    /// </param>
    /// <returns>
    /// Whether it may. The default says yes. A call that throws, or does not answer in time, counts as no: the guest's open
    /// fails, and it may try again.
    /// </returns>
    ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken) => new(true);

    /// <summary>Serves an opened channel until the guest closes it or goes.</summary>
    /// <param name="context">The channel, and what the guest asked for. Its memory is taken away once the returned task ends after a close.</param>
    /// <param name="closing">
    /// Cancelled when the channel is being closed. A wait on the channel without it returns <see langword="false"/> once all
    /// that the guest had sent was read. The guest's close takes effect when
    /// the task has ended. A service that has not ended <see cref="HostBusOptions.DeviceCloseTimeout"/> after that loses the channel:
    /// the close takes effect without it, and its waits on the channel throw.
    /// </param>
    /// <remarks>
    /// <para>When a service fails, or ends while the guest has the channel open, the bus takes the offer back, as Hyper-V does
    /// when a device dies: the guest gets a rescind, and its waits on the channel end. <see cref="OfferedChannel.Failure"/>
    /// holds the exception, or a <see cref="DeviceFaultException"/> where there is none. The same channel may be offered again
    /// at once. Where the guest has broken its own ring or pipe (<see cref="RingCorruptException"/>,
    /// <see cref="Pipes.PipeCorruptException"/>) the offer stays: the channel is idle until the guest closes it or goes. A
    /// device whose guest breaks the device's own protocol gets the same by waiting for the token.</para>
    /// <para>A save of the bus cancels the token as well, and the guest goes on with the channel: a packet that was taken and not
    /// dealt with then is lost, one that was not committed is read again after the restore.</para>
    /// </remarks>
    /// <returns>Ends with the service.</returns>
    Task ServeAsync(DeviceContext context, CancellationToken closing);
}
