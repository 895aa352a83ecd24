// What stands behind an offered channel. What the ChannelControl and open/close callbacks of a VmbusDevice are to OpenVMM
// (vmbus_channel).

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>A device that serves a channel. One device can serve several channels.</summary>
/// <remarks>
/// <para>The bus calls a device on <see cref="HostBusOptions.Scheduler"/>, never on the bus's own thread: a device that is slow,
/// throws or hangs affects only its own channel. Each failure raises <see cref="HostBus.DeviceFailed"/> and is counted.</para>
/// <para>A device may call the bus and its own offer from anywhere. A call from inside <see cref="ServeAsync"/> does not
/// wait for that service: <see cref="OfferedChannel.RevokeAsync"/> of its own offer, and <see cref="HostBus.ResetAsync"/> and
/// <see cref="HostBus.DisposeAsync"/> of its bus, return once the end has begun. If two services wait for each other's end,
/// <see cref="HostBusOptions.DeviceCloseTimeout"/> ends both.</para>
/// </remarks>
public interface IChannelDevice
{
    /// <summary>Decides whether a guest can open the channel. Its rings are already mapped and validated.</summary>
    /// <param name="request">The guest's open request.</param>
    /// <param name="cancellationToken">
    /// Cancelled when the answer is no longer needed: <see cref="HostBusOptions.DeviceAnswerTimeout"/> has passed, the guest is
    /// gone, the offer is revoked, or the bus is saved (and calls again after the restore) or disposed.
    /// </param>
    /// <returns>
    /// Whether to accept the open; by default <see langword="true"/>. A call that throws or times out counts as a refusal: the
    /// guest's open fails, and the guest can retry.
    /// </returns>
    ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken) => new(true);

    /// <summary>Serves an opened channel until the guest closes it or is gone.</summary>
    /// <param name="context">
    /// The channel and the guest's request. Its memory is unmapped once the returned task ends after a close.
    /// </param>
    /// <param name="closing">
    /// Cancelled when the channel is being closed. A wait on the channel without this token returns <see langword="false"/>
    /// once everything that the guest had sent was read. The guest's close takes effect when the task has ended. A service that
    /// has not ended <see cref="HostBusOptions.DeviceCloseTimeout"/> after the cancellation loses the channel: the close takes
    /// effect without it, and its waits on the channel throw.
    /// </param>
    /// <remarks>
    /// <para>When a service fails, or ends while the guest has the channel open, the bus revokes the offer, as Hyper-V does
    /// when a device dies: the guest gets a rescind, and its waits on the channel end. <see cref="OfferedChannel.Failure"/>
    /// holds the exception, or a <see cref="DeviceFaultException"/> if there is none. The same channel can be offered again
    /// at once. If the guest has corrupted its own ring or pipe (<see cref="RingCorruptException"/>,
    /// <see cref="Pipes.PipeCorruptException"/>) the offer stays: the channel is idle until the guest closes it or is gone. A
    /// device whose guest violates the device's own protocol can do the same: it waits for the token.</para>
    /// <para>A save of the bus also cancels the token, but the guest keeps the channel. A packet that was committed but not
    /// handled by then is lost; a packet that was not committed is read again after the restore.</para>
    /// </remarks>
    /// <returns>Ends with the service.</returns>
    Task ServeAsync(DeviceContext context, CancellationToken closing);
}
