// One slot of a VP's message page, as both sides of it use it. Mirrors the handshake of vmbus_signal_eom (Linux
// drivers/hv/hyperv_vmbus.h) with the hypervisor's delivery (TLFS 11.10).

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus.Hosting;

internal static class MessageSlot
{
    internal static SynicMessageType ReadType(ref SynicMessageHeader header) =>
        (SynicMessageType)Volatile.Read(ref Unsafe.As<SynicMessageType, uint>(ref header.MessageType));

    // What the receiver does with a slot it has copied: type none, then a full fence.
    internal static void Free(ref SynicMessageHeader header) =>
        Interlocked.Exchange(ref Unsafe.As<SynicMessageType, uint>(ref header.MessageType), (uint)SynicMessageType.None);

    // A full slot is marked so that the receiver writes EOM when it has emptied it. The receiver sets the type to none, fences,
    // and reads the mark; we set the mark, fence, and read the type: one of the two sees the other.
    internal static bool IsFree(ref SynicMessageHeader header)
    {
        if (ReadType(ref header) == SynicMessageType.None)
            return true;
        ref uint sizeAndFlags = ref Unsafe.As<byte, uint>(ref header.PayloadSize);
        Interlocked.Or(ref sizeAndFlags, (uint)SynicMessageFlags.Pending << 8);
        return ReadType(ref header) == SynicMessageType.None;
    }

    // Writes into a free slot. The type is the slot's lock: it is written last.
    internal static void Write(ref SynicMessage slot, in SynicMessage message, bool isMoreWaiting)
    {
        slot.Payload = message.Payload;
        slot.Header.Sender = message.Header.Sender;
        slot.Header.PayloadSize = message.Header.PayloadSize;
        slot.Header.MessageFlags = isMoreWaiting ? SynicMessageFlags.Pending : SynicMessageFlags.None;
        slot.Header.Reserved = 0;
        Volatile.Write(ref Unsafe.As<SynicMessageType, uint>(ref slot.Header.MessageType), (uint)message.Header.MessageType);
    }

    // Makes a message out of its parts.
    internal static SynicMessage Compose(SynicMessageType type, ulong sender, ReadOnlySpan<byte> payload)
    {
        var message = new SynicMessage { Header = new() { MessageType = type, PayloadSize = (byte)payload.Length, Sender = sender } };
        payload.CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes((Span<ulong>)message.Payload));
        return message;
    }
}
