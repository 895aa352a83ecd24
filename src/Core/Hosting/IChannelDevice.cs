// What stands behind an offered channel. What the ChannelControl and open/close callbacks of a VmbusDevice are to OpenVMM
// (vmbus_channel).

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>A device that serves a channel. One device may stand behind several.</summary>
public interface IChannelDevice
{
    /// <summary>Decides whether a guest may open the channel. Its rings are mapped and found good by then.</summary>
    /// <param name="request">What the guest asks for.</param>
    /// <returns>Whether it may. The default says yes.</returns>
    bool Accepts(HostOpenRequest request) => true;

    /// <summary>Serves an opened channel until the guest closes it or goes.</summary>
    /// <param name="channel">The channel. Its memory is taken away once the returned task ends after a close.</param>
    /// <param name="closing">
    /// Cancelled when the channel is being closed. A wait on the channel without it ends with
    /// <see cref="PeerDisconnectedException"/> once all that the guest had sent was read. The guest's close takes effect when
    /// the task has ended.
    /// </param>
    /// <remarks>
    /// The same happens when the bus is saved, and the guest goes on with the channel: a packet that was taken and not dealt
    /// with then is lost, one that was not committed is read again after the restore.
    /// </remarks>
    /// <returns>Ends with the service. It may end early; the channel then stays open and idle.</returns>
    Task ServeAsync(DeviceChannel channel, CancellationToken closing);
}
