// A key-value message about addresses. Mirrors hv_kvp_ip_msg (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// The whole message of <see cref="IcKvpOperation.GetIpInfo"/> and <see cref="IcKvpOperation.SetIpInfo"/>:
/// <c>hv_kvp_ip_msg</c>, 7428 bytes. Its body follows the pool at once, not behind an <see cref="IcKvpHeader"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpIpMessage
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 7428;

    /// <summary><c>operation</c>.</summary>
    public IcKvpOperation Operation;

    /// <summary><c>pool</c>.</summary>
    public IcKvpPool Pool;

    /// <summary><c>kvp_ip_val</c>.</summary>
    public IcKvpIpInfo Info;
}
