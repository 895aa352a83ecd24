// Which key to delete. Mirrors hv_kvp_msg_delete (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The body of <see cref="IcKvpOperation.Delete"/>: <c>hv_kvp_msg_delete</c>, 516 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpDelete
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 516;

    /// <summary><c>key_size</c>: bytes of the key, its zero included.</summary>
    public uint KeyLength;

    /// <summary><c>key</c>: UTF-16, little-endian.</summary>
    public IcKvpKeyBytes Key;
}
