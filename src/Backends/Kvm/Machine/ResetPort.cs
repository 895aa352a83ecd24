// The reset register, and the one of the keyboard controller that kernels fall back to.

namespace VmBus.Kvm;

/// <summary>One port whose write of a certain value resets the machine.</summary>
internal sealed class ResetPort(ushort port, Func<uint, bool> resets, Action reset) : IPortDevice
{
    public ushort FirstPort => port;

    public int PortCount => 1;

    public uint Read(int offset, int size) => 0;

    public void Write(int offset, int size, uint value)
    {
        if (resets(value))
            reset();
    }

    public static ResetPort Acpi(Action reset) => new(PowerPorts.ResetPort, static value => (value & 4) != 0, reset);

    public static ResetPort Keyboard(Action reset) => new(0x64, static value => value == 0xFE, reset);
}
