// What the library asks of /dev/mshv_sint. Mirrors mshv_vtl_sint_ops (Linux drivers/hv/mshv_vtl_main.c). The kernel's is
// MshvSintFile; tests have their own.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>An open <c>/dev/mshv_sint</c>. Results and errors are those of <see cref="MshvControl"/>.</summary>
[SupportedOSPlatform("linux")]
internal interface IMshvSintFile : IDisposable
{
    int Descriptor { get; }

    Errno SignalEvent(uint connectionId, uint flag, out int result);

    Errno PostMessage(uint connectionId, ulong messageType, ReadOnlySpan<byte> payload, out int result);

    Errno SetEventFd(uint flag, EventFd? signal);

    Errno PauseMessages(bool paused);

    Errno Read(Span<byte> message, out int length);
}
