// What the library asks of the kernel module vmbus_signal. The kernel's is SignalFile; tests have their own.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>An open <c>/dev/vmbus/signal</c>. Results and errors are those of <see cref="SignalModuleControl"/>.</summary>
[SupportedOSPlatform("linux")]
internal interface ISignalFile : IDisposable
{
    /// <summary>Polls as hung up once the channel has ended.</summary>
    int Descriptor { get; }

    Errno Version(out uint version);

    Errno Bind(Guid instance, uint relid, int uioDescriptor);

    Errno Signal();

    Errno SetLowLatency(bool enable, bool keep);

    Errno GetState(out SignalModuleState state);
}
