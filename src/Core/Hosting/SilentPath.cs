// The signal to a guest that wants none: it polls (target_vp 0xFFFFFFFF).

using VmBus.Layout;
using VmBus.Signals;

namespace VmBus.Hosting;

internal sealed class SilentPath : ISignalPath
{
    public static readonly SilentPath Instance = new();

    public SignalCapabilities Capabilities => SignalCapabilities.Hypercall;

    public HypercallStatus Signal() => HypercallStatus.Success;
}
