// The signal to a guest that wants none: it polls (target_vp 0xFFFFFFFF).

using VmBus.Layout;

namespace VmBus.Hosting;

internal sealed class SilentPath : ISignalPath
{
    public static readonly SilentPath Instance = new();

    public SignalCapabilities Capabilities => SignalCapabilities.Hypercall;

    public HypercallStatus Signal() => HypercallStatus.Success;
}
