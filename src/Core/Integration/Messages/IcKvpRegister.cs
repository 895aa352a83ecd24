// How the guest's daemon and its kernel greet each other over /dev/vmbus/hv_kvp. Mirrors hv_kvp_register and KVP_OP_REGISTER*
// (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The driver's version as text: <c>hv_kvp_register</c>, 512 bytes. Never between host and guest.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpRegister
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 512;

    /// <summary><c>KVP_OP_REGISTER</c>: the operation of daemons that know nothing of addresses.</summary>
    public const byte LegacyOperation = 4;

    /// <summary><c>KVP_OP_REGISTER1</c>: the operation of the others.</summary>
    public const byte Operation = 100;

    /// <summary><c>version</c>: text, ended by a zero byte.</summary>
    public IcKvpKeyBytes Version;
}
