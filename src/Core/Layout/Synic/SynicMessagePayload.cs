// The payload of a SynIC message: u.payload of hv_message (Linux include/asm-generic/hyperv-tlfs.h).

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>
/// The payload of a SynIC message: 240 bytes as 30 words. Its bytes are
/// <c>MemoryMarshal.AsBytes((Span&lt;ulong&gt;)payload)</c>.
/// </summary>
[InlineArray(WordCount)]
public struct SynicMessagePayload
{
    /// <summary>How many 64-bit words a payload has.</summary>
    public const int WordCount = 30;

    /// <summary>The most a message carries, in bytes: <c>HV_MESSAGE_PAYLOAD_BYTE_COUNT</c>.</summary>
    public const int Size = WordCount * sizeof(ulong);

    private ulong _word0;
}
