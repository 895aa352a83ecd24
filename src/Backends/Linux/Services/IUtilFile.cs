// What the library asks of /dev/vmbus/hv_kvp and hv_vss. Mirrors hvt_op_read and its like (Linux
// drivers/hv/hv_utils_transport.c). The kernel's is UtilFile; tests have their own.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>An open device of <c>hv_utils</c>.</summary>
[SupportedOSPlatform("linux")]
internal interface IUtilFile : IDisposable
{
    /// <summary>Polls readable when the kernel has a message, and hung up when the device is taken away.</summary>
    int Descriptor { get; }

    /// <summary>Reads one message whole. May wait when there is none: the kernel does not look at <c>O_NONBLOCK</c>.</summary>
    Errno Read(Span<byte> message, out int length);

    /// <summary>Writes one message whole. <see cref="Errno.InvalidArgument"/> when the kernel waits for none.</summary>
    Errno Write(ReadOnlySpan<byte> message);
}
