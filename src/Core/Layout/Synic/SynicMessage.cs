// What a VP's SynIC puts into its message page. Mirrors hv_message (Linux include/asm-generic/hyperv-tlfs.h).

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>A SynIC message: <c>hv_message</c>, 256 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SynicMessage
{
    /// <summary>The size of a message in bytes.</summary>
    public const int Size = 256;

    /// <summary><c>header</c>.</summary>
    internal SynicMessageHeader Header;

    /// <summary><c>u.payload</c>.</summary>
    internal SynicMessagePayload Payload;

    /// <summary><c>message_type</c>: written last by the sender, set to <see cref="SynicMessageType.None"/> by the receiver to free the slot.</summary>
    [UnscopedRef]
    public ref SynicMessageType MessageType => ref Header.MessageType;

    /// <summary><c>payload_size</c>: how many bytes of the payload count, at most 240.</summary>
    public byte PayloadSize
    {
        readonly get => Header.PayloadSize;
        set => Header.PayloadSize = value;
    }

    /// <summary><c>message_flags.msg_pending</c>: another message waits for the slot; write EOM once the slot is empty.</summary>
    public bool IsPending
    {
        readonly get => (Header.MessageFlags & SynicMessageFlags.Pending) != 0;
        set => Header.MessageFlags = value ? Header.MessageFlags | SynicMessageFlags.Pending : Header.MessageFlags & ~SynicMessageFlags.Pending;
    }

    /// <summary><c>sender</c>: the partition the message came from, or in its low half the port it came through.</summary>
    public ulong Sender
    {
        readonly get => Header.Sender;
        set => Header.Sender = value;
    }

    /// <summary><c>u.payload</c>: 240 bytes; <see cref="PayloadSize"/> of them count.</summary>
    [UnscopedRef]
    public Span<byte> PayloadBytes => MemoryMarshal.AsBytes((Span<ulong>)Payload);
}

// The page itself: hv_message_page (Linux), the SIMP page of the TLFS.
/// <summary>A SynIC message page (SIMP): 4096 bytes, one <see cref="SynicMessage"/> for each SINT.</summary>
[InlineArray(SynicMsr.SintCount)]
internal struct SynicMessagePage
{
    private SynicMessage _sint0;
}

// The head of a SynIC message. Mirrors hv_message_header (Linux include/asm-generic/hyperv-tlfs.h).
/// <summary>The header of a SynIC message: <c>hv_message_header</c>, 16 bytes, little-endian.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SynicMessageHeader
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 16;

    /// <summary><c>message_type</c>: written last by the sender, set to <see cref="SynicMessageType.None"/> by the receiver to free the slot.</summary>
    public SynicMessageType MessageType;

    /// <summary><c>payload_size</c>: how many bytes of the payload count, at most 240.</summary>
    public byte PayloadSize;

    /// <summary><c>message_flags</c>.</summary>
    public SynicMessageFlags MessageFlags;

    /// <summary>Zero.</summary>
    public ushort Reserved;

    /// <summary><c>sender</c>: the partition the message came from, or the port it came through (<see cref="Port"/>).</summary>
    public ulong Sender;

    /// <summary><c>port</c>: the low half of <see cref="Sender"/>, the port the message came through.</summary>
    public uint Port
    {
        readonly get => (uint)Sender;
        set => Sender = Sender & 0xFFFF_FFFF_0000_0000 | value;
    }
}

// What a SynIC message is. Mirrors enum hv_message_type (Linux include/asm-generic/hyperv-tlfs.h).
/// <summary>
/// The type of a SynIC message: <c>enum hv_message_type</c>. Values with bit 31 set come from the hypervisor; the
/// others are chosen by the partition that posts the message.
/// </summary>
internal enum SynicMessageType : uint
{
    /// <summary><c>HVMSG_NONE</c>: the slot is empty.</summary>
    None = 0,

    /// <summary>A VMBus channel message: <c>VMBUS_MESSAGE_TYPE</c>.</summary>
    Channel = 1,

    /// <summary><c>HVMSG_TIMER_EXPIRED</c>.</summary>
    TimerExpired = 0x80000010,

    /// <summary><c>HVMSG_SYNIC_SINT_DELIVERABLE</c>: a slot that was busy is free.</summary>
    SintDeliverable = 0x80000062,
}

// The flags of a SynIC message. Mirrors hv_message_flags (Linux include/asm-generic/hyperv-tlfs.h).
/// <summary>The flags of a SynIC message: <c>hv_message_flags</c>.</summary>
[Flags]
internal enum SynicMessageFlags : byte
{
    /// <summary>Nothing waits behind this message.</summary>
    None = 0,

    /// <summary><c>msg_pending</c>: another message waits for the slot; write EOM once the slot is empty.</summary>
    Pending = 1,
}

// The payload of a SynIC message: u.payload of hv_message (Linux include/asm-generic/hyperv-tlfs.h).
/// <summary>
/// The payload of a SynIC message: 240 bytes as 30 words. Its bytes are
/// <c>MemoryMarshal.AsBytes((Span&lt;ulong&gt;)payload)</c>.
/// </summary>
[InlineArray(WordCount)]
internal struct SynicMessagePayload
{
    /// <summary>How many 64-bit words a payload has.</summary>
    public const int WordCount = 30;

    /// <summary>The most a message carries, in bytes: <c>HV_MESSAGE_PAYLOAD_BYTE_COUNT</c>.</summary>
    public const int Size = WordCount * sizeof(ulong);

    private ulong _word0;
}
