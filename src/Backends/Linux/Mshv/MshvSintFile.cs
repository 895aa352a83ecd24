// The kernel's /dev/mshv_sint (Linux drivers/hv/mshv_vtl_main.c).

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>The device node.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MshvSintFile(DeviceFile file) : IMshvSintFile
{
    public int Descriptor => file.Descriptor;

    public Errno SignalEvent(uint connectionId, uint flag, out int result) => MshvControl.SignalEvent(file, connectionId, flag, out result);

    public Errno PostMessage(uint connectionId, ulong messageType, ReadOnlySpan<byte> payload, out int result)
        => MshvControl.PostMessage(file, connectionId, messageType, payload, out result);

    public Errno SetEventFd(uint flag, EventFd? signal) => MshvControl.SetEventFd(file, flag, signal);

    public Errno PauseMessages(bool paused) => MshvControl.PauseMessages(file, paused);

    public Errno Read(Span<byte> message, out int length) => file.Read(message, out length);

    public void Dispose() => file.Dispose();
}
