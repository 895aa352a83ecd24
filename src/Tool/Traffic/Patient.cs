// Waits of a measurement: its peer's end is a failure, not an end.

namespace VmBus.Tool;

/// <summary>Waits on a channel whose other side is not to go away.</summary>
internal static class Patient
{
    /// <summary>Waits for packets.</summary>
    /// <returns><see langword="false"/> when the time was up.</returns>
    /// <exception cref="PeerDisconnectedException">The other side is gone, and all it had committed was read.</exception>
    public static bool AwaitPackets(this VmBusChannel channel, TimeSpan patience, CancellationToken cancellationToken = default)
        => channel.WaitToRead(patience, cancellationToken) || ThrowIfEnded(channel);

    /// <summary>Waits for room.</summary>
    /// <returns><see langword="false"/> when the time was up.</returns>
    /// <exception cref="PeerDisconnectedException">The other side is gone: no room will come.</exception>
    public static bool AwaitRoom(this VmBusChannel channel, int payloadLength, TimeSpan patience, CancellationToken cancellationToken = default)
        => channel.WaitToWrite(payloadLength, patience, cancellationToken) || ThrowIfEnded(channel);

    private static bool ThrowIfEnded(VmBusChannel channel)
        => channel.State == ChannelState.Open ? false : throw new PeerDisconnectedException("The other side of the channel is gone.");
}
