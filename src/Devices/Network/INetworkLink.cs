// The other side of a network adapter: where its frames go and come from. What Endpoint and Queue are to OpenVMM (net_backend).

namespace VmBus.Devices;

/// <summary>
/// Carries whole Ethernet frames, from the destination address to the last byte of data, without the frame check sequence.
/// </summary>
/// <remarks>
/// An adapter sends on one thread at a time and receives on one thread at a time; the two run concurrently. (A
/// call that does not return when its channel is closed is abandoned: it can overlap with calls of the next open.) An exception
/// ends the adapter's service. A link that is down must drop frames instead, and set <see cref="NetworkAdapter.IsLinkUp"/>.
/// </remarks>
public interface INetworkLink
{
    /// <summary>Sends a frame, or queues it for <see cref="Flush"/>.</summary>
    /// <param name="frame">The frame; not used after the return.</param>
    /// <returns><see langword="false"/> when there is no room for it now.</returns>
    bool TrySend(ReadOnlySpan<byte> frame);

    /// <summary>Sends the queued frames. Called after the last of several frames.</summary>
    void Flush()
    {
    }

    /// <summary>Waits until there can be room for a frame.</summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    ValueTask WaitToSendAsync(CancellationToken cancellationToken);

    /// <summary>Receives a frame.</summary>
    /// <param name="frame">The buffer for the frame. The link drops a longer frame.</param>
    /// <param name="length">The length of the frame.</param>
    /// <returns><see langword="false"/> when there is none now.</returns>
    bool TryReceive(Span<byte> frame, out int length);

    /// <summary>Waits until a frame can be available.</summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    ValueTask WaitToReceiveAsync(CancellationToken cancellationToken);
}
