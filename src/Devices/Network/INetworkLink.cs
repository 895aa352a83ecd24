// The other side of a network adapter: where its frames go and come from. What Endpoint and Queue are to OpenVMM (net_backend).

namespace VmBus.Devices;

/// <summary>
/// Carries whole Ethernet frames, from the destination address to the last byte of data, without the check sequence.
/// </summary>
/// <remarks>
/// An adapter sends from one thread at a time and receives on one thread at a time; the two run beside each other. (A
/// call that does not return when its channel is closed is left to itself: it may run beside those of the next open.) What throws
/// ends the adapter's service: a link that is down drops frames instead, and tells <see cref="NetworkAdapter.IsLinkUp"/>.
/// </remarks>
public interface INetworkLink
{
    /// <summary>Sends a frame, or gathers it for <see cref="Flush"/>.</summary>
    /// <param name="frame">The frame; not used after the return.</param>
    /// <returns><see langword="false"/> when there is no room for it now.</returns>
    bool TrySend(ReadOnlySpan<byte> frame);

    /// <summary>Sends what was gathered. Called behind the last of several frames.</summary>
    void Flush()
    {
    }

    /// <summary>Waits until there may be room for a frame.</summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    ValueTask WaitToSendAsync(CancellationToken cancellationToken);

    /// <summary>Takes a frame.</summary>
    /// <param name="frame">Filled with it. One that is longer is dropped by the link.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns><see langword="false"/> when there is none now.</returns>
    bool TryReceive(Span<byte> frame, out int length);

    /// <summary>Waits until there may be a frame.</summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    ValueTask WaitToReceiveAsync(CancellationToken cancellationToken);
}
