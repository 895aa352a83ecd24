using VmBus.Layout;

namespace VmBus;

// Tests send with a transaction id all the time: the short form.
internal static class SendWithId
{
    public static bool TrySend(this VmBusChannel channel, ReadOnlySpan<byte> payload, ulong transactionId, PacketFlags flags = PacketFlags.None, Urgency urgency = Urgency.Normal)
        => channel.TrySend(payload, new SendOptions { TransactionId = transactionId, Flags = flags, Urgency = urgency });
}
