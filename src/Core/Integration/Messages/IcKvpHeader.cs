// The head of a key-value message. Mirrors hv_kvp_hdr (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// The head of an <see cref="IcMessageType.KvpExchange"/> message: <c>hv_kvp_hdr</c>, 4 bytes. The operation's own body
/// follows; see <see cref="IcKvpIpMessage"/> for the two whose body follows the pool at once.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpHeader
{
    /// <summary>The size of the head in bytes.</summary>
    public const int Size = 4;

    /// <summary>What every message about values takes, whatever its operation: the head and the longest body.</summary>
    public const int MessageLength = Size + IcKvpEnumerate.Size;

    /// <summary><c>operation</c>.</summary>
    public IcKvpOperation Operation;

    /// <summary><c>pool</c>.</summary>
    public IcKvpPool Pool;

    /// <summary><c>pad</c>: zero.</summary>
    public ushort Padding;
}
