// The host's signal before 2.4: the channel's bit in the receive half of the interrupt page, then the one event flag that
// all channels share.

using VmBus.Layout;

namespace VmBus.Hosting;

internal sealed class SharedEventPath(ISignalPath shared, InterruptPageView page, uint relid) : ISignalPath
{
    public SignalCapabilities Capabilities => SignalCapabilities.Hypercall;

    public HypercallStatus Signal()
    {
        Interlocked.Or(ref page.Receive[(int)(relid >> 6)], 1UL << (int)relid);
        return shared.Signal();
    }
}
