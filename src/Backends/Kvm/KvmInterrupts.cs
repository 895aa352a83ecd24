// The interrupt lines of a guest: the pins of the controllers that a PC has, and a line for each SINT in use.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Kvm;

/// <summary>Gives each SINT of a VP an eventfd that interrupts, and tells of the acknowledgement. Thread-safe.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KvmInterrupts : IDisposable
{
    // KVM_IRQ_ROUTING_IRQCHIP and KVM_IRQ_ROUTING_HV_SINT; KVM_IRQCHIP_PIC_MASTER, _PIC_SLAVE, _IOAPIC.
    private const uint PinRoute = 1;
    private const uint SintRoute = 4;
    private const uint FirstPic = 0;
    private const uint SecondPic = 1;
    private const uint IoApic = 2;
    private const int PicPins = 8;
    private const int IoApicPins = 24;
    private const uint FirstSintLine = 64;

    private readonly KvmVm _vm;
    private readonly EventDispatcher _dispatcher;
    private readonly Action<ulong> _acknowledged;
    private readonly Lock _sync = new();
    private readonly List<KvmIrqRoute> _routes = [];
    private readonly Dictionary<(uint Vp, byte Sint), SintLine> _lines = [];

    public KvmInterrupts(KvmVm vm, EventDispatcher dispatcher, Action<ulong> acknowledged)
    {
        _vm = vm;
        _dispatcher = dispatcher;
        _acknowledged = acknowledged;
        for (uint pin = 0; pin < 2 * PicPins; pin++)
            _routes.Add(new KvmIrqRoute { Gsi = pin, Type = PinRoute, Target = pin < PicPins ? FirstPic : SecondPic, Pin = pin % PicPins });
        // The timer is line 0, and pin 2 of the I/O APIC: every PC does so, and the ACPI tables say it.
        for (uint line = 0; line < IoApicPins; line++)
        {
            if (line != 2)
                _routes.Add(new KvmIrqRoute { Gsi = line, Type = PinRoute, Target = IoApic, Pin = line == 0 ? 2 : line });
        }
    }

    /// <summary>What interrupts a VP by a SINT.</summary>
    public EventFd Line(uint vp, byte sint)
    {
        lock (_sync)
        {
            if (_lines.TryGetValue((vp, sint), out SintLine? line))
                return line.Raise;
            uint gsi = FirstSintLine + vp * SynicMsr.SintCount + sint;
            _routes.Add(new KvmIrqRoute { Gsi = gsi, Type = SintRoute, Target = vp, Pin = sint });
            _vm.SetRoutes([.. _routes]);
            EventFd raise = EventFd.Create(), acknowledged = EventFd.Create();
            _vm.ConnectLine(gsi, raise, acknowledged);
            line = new SintLine(gsi, raise, _dispatcher.Add(acknowledged, _acknowledged));
            _lines.Add((vp, sint), line);
            return raise;
        }
    }

    public void Dispose()
    {
        lock (_sync)
        {
            foreach (SintLine line in _lines.Values)
            {
                _vm.DisconnectLine(line.Gsi, line.Raise);
                line.Acknowledgement.Dispose();
                line.Raise.Dispose();
            }
            _lines.Clear();
        }
    }

    private sealed record SintLine(uint Gsi, EventFd Raise, IDisposable Acknowledgement);
}
