namespace VmBus;

/// <summary>
/// The other side of a channel is gone: its process ended, its connection closed, its device was rescinded.
/// What it had committed to the ring before can still be read.
/// </summary>
public sealed class PeerDisconnectedException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">Which peer, and how its end was noticed.</param>
    public PeerDisconnectedException(string message) : base(message)
    {
    }
}
