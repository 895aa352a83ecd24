// The module's device node (src/Kernel/vmbus_signal.c).

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>A descriptor of the module, for one channel.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SignalFile(DeviceFile file) : ISignalFile
{
    public int Descriptor => file.Descriptor;

    public Errno Version(out uint version) => SignalModuleControl.Version(file, out version);

    public Errno Bind(Guid instance, uint relid, int uioDescriptor) => SignalModuleControl.Bind(file, instance, relid, uioDescriptor);

    public Errno Signal() => SignalModuleControl.Signal(file);

    public Errno SetLowLatency(bool enable, bool keep) =>
        SignalModuleControl.SetLowLatency(file, enable, keep ? SignalModuleLowLatency.ScopeKept : SignalModuleLowLatency.ScopeDescriptor);

    public Errno GetState(out SignalModuleState state) => SignalModuleControl.GetState(file, out state);

    public void Dispose() => file.Dispose();
}
