using VmBus.Layout;

namespace VmBus.Testing;

/// <summary>A packet of a test.</summary>
/// <param name="Payload">Its payload.</param>
/// <param name="TransactionId">Its transaction id.</param>
/// <param name="WantsCompletion">Whether it requests a completion.</param>
public sealed record TestPacket(byte[] Payload, ulong TransactionId, bool WantsCompletion)
{
    /// <summary>The payload as it is read at the other end: padded with zeros to a multiple of 8 bytes.</summary>
    public byte[] Padded
    {
        get
        {
            byte[] padded = new byte[(Payload.Length + 7) & ~7];
            Payload.CopyTo(padded, 0);
            return padded;
        }
    }

    /// <summary>Sends the packet.</summary>
    /// <param name="channel">The channel.</param>
    /// <returns><see langword="false"/> when the ring has no room.</returns>
    public bool TrySend(VmBusChannel channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        return channel.TrySend(Payload, new SendOptions { TransactionId = TransactionId, Flags = Flags });
    }

    internal PacketFlags Flags => WantsCompletion ? PacketFlags.CompletionRequested : PacketFlags.None;
}
