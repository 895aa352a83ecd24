// The ports by which a machine is turned off and reset. Mirrors PM1a and the reset register of ACPI (specification 6.5,
// chapter 4.8), at the ports QEMU's q35 has them.

using System.Diagnostics;

namespace VmBus.Kvm;

/// <summary>PM1a event and control blocks and the PM timer. Thread-safe.</summary>
internal sealed class PowerPorts(Action poweredOff) : IPortDevice
{
    public const ushort EventBlock = 0x600;
    public const ushort ControlBlock = 0x604;
    public const ushort TimerBlock = 0x608;
    public const ushort ResetPort = 0xCF9;
    public const byte ResetValue = 6;

    private const int ControlOffset = ControlBlock - EventBlock;
    private const int TimerOffset = TimerBlock - EventBlock;
    private const uint SleepEnable = 1 << 13;
    private const int SleepTypeShift = 10;
    private const uint SleepTypeMask = 7;
    private const uint SoftOff = 5;                 // what _S5 says
    private const uint ControlsInterrupts = 1;      // SCI_EN: ACPI is on from the start
    private const double TimerFrequency = 3_579_545;

    private const int EnableOffset = 2;

    private readonly long _start = Stopwatch.GetTimestamp();

    // Kept because drivers read back what they turned on; no event ever comes of it.
    private volatile ushort _enabled;

    public ushort FirstPort => EventBlock;

    public int PortCount => 12;

    public uint Read(int offset, int size) => offset switch
    {
        EnableOffset => _enabled,
        ControlOffset => ControlsInterrupts,
        TimerOffset => (uint)(long)(Stopwatch.GetElapsedTime(_start).TotalSeconds * TimerFrequency),
        _ => 0,
    };

    public void Write(int offset, int size, uint value)
    {
        if (offset == EnableOffset)
            _enabled = (ushort)value;
        if (offset == ControlOffset && (value & SleepEnable) != 0 && (value >> SleepTypeShift & SleepTypeMask) == SoftOff)
            poweredOff();
    }
}
