// Packets of a component's channel, copied out one by one. Mirrors the vmbus_recvpacket loops of Linux drivers/hv/hv_util.c.

using VmBus.Layout;

namespace VmBus.Integration;

/// <summary>Takes packets of a size a component can have, and sends in-band ones.</summary>
internal sealed class IcReceiver(VmBusChannel channel)
{
    private readonly byte[] _packet = new byte[IcPacket.MaxLength];
    private int _length;

    /// <summary>The packet taken last.</summary>
    public ReadOnlySpan<byte> Packet => _packet.AsSpan(0, _length);

    /// <summary>The transaction id of the packet taken last: the ring's, not the message's.</summary>
    public ulong TransactionId { get; private set; }

    /// <summary>Takes a packet.</summary>
    /// <param name="isSound">Whether it is in-band and not too long: <see cref="Packet"/> is it then.</param>
    /// <returns><see langword="false"/> when there is none.</returns>
    public bool TryTake(out bool isSound)
    {
        isSound = false;
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
            return false;
        isSound = packet.Type == PacketType.DataInBand && packet.Payload.TryCopyTo(_packet);
        _length = packet.Payload.Length;
        TransactionId = packet.TransactionId;
        batch.Commit();
        return true;
    }

    /// <summary>Sends, when there is room.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> packet, ulong transactionId, CancellationToken cancellationToken)
        => channel.SendAsync(packet, new SendOptions { TransactionId = transactionId }, cancellationToken);

    /// <summary>Sends, when there is room, on the calling thread.</summary>
    public void Send(ReadOnlySpan<byte> packet, ulong transactionId, CancellationToken cancellationToken)
        => channel.Send(packet, new SendOptions { TransactionId = transactionId }, cancellationToken);
}
