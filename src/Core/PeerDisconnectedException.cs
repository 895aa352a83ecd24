namespace VmBus;

/// <summary>
/// The other side of a channel is gone: its process ended, its connection closed, its device was rescinded.
/// Packets that it had committed to the ring can still be read.
/// </summary>
public sealed class PeerDisconnectedException : VmBusException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which peer, and how the disconnect was detected.</param>
    public PeerDisconnectedException(string message) : base(message)
    {
    }
}
