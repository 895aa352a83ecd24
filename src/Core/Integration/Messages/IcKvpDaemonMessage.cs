// A message over /dev/vmbus/hv_kvp. Mirrors hv_kvp_msg as the kernel and its daemon exchange it (Linux
// include/uapi/linux/hyperv.h, drivers/hv/hv_kvp.c).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// What a guest's kernel and its daemon say to each other: <c>hv_kvp_msg</c>, 7432 bytes, always whole. Between host and
/// guest the same structure carries UTF-16; here all text is UTF-8, ended by a zero byte, and every value is text.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct IcKvpDaemonMessage
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 7432;

    private const int Body = IcKvpHeader.Size;

    /// <summary><c>kvp_hdr</c>: of what the kernel says, and of the greeting.</summary>
    [FieldOffset(0)]
    public IcKvpHeader Header;

    /// <summary><c>error</c>: of an answer, in the header's place.</summary>
    [FieldOffset(0)]
    public IcStatus Status;

    /// <summary><c>kvp_get</c> and <c>kvp_set</c>.</summary>
    [FieldOffset(Body)]
    public IcKvpValue Value;

    /// <summary><c>kvp_delete</c>.</summary>
    [FieldOffset(Body)]
    public IcKvpDelete Delete;

    /// <summary><c>kvp_enum_data</c>. The kernel reads the value of an answer to getting here as well, 4 bytes behind <see cref="Value"/>'s.</summary>
    [FieldOffset(Body)]
    public IcKvpEnumerate Enumerate;

    /// <summary><c>kvp_ip_val</c>: UTF-8 in room that is declared for UTF-16.</summary>
    [FieldOffset(Body)]
    public IcKvpIpInfo Addresses;

    /// <summary><c>kvp_register</c>.</summary>
    [FieldOffset(Body)]
    public IcKvpRegister Register;
}
