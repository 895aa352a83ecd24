using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm.Machine;

/// <summary>The ports by which a machine is turned off and reset.</summary>
public sealed class PowerPortsTests
{
    private int _ends;

    [Fact]
    public void Only_the_sleep_state_of_the_tables_with_the_enable_bit_turns_off()
    {
        var ports = new PowerPorts(() => _ends++);
        Assert.Equal((0x600, 12), (ports.FirstPort, ports.PortCount));
        foreach (uint value in new uint[] { 0, 5 << 10, 1 << 13, 1 << 13 | 4 << 10, 1 << 13 | 6 << 10 })
            ports.Write(4, 2, value);
        ports.Write(0, 2, 1 << 13 | 5 << 10);
        Assert.Equal(0, _ends);
        ports.Write(4, 2, 1 << 13 | 5 << 10 | 1);
        Assert.Equal(1, _ends);
    }

    [Fact]
    public void ACPI_is_on_and_no_event_waits_and_the_timer_runs()
    {
        var ports = new PowerPorts(() => _ends++);
        Assert.Equal((1u, 0u, 0u), (ports.Read(4, 2), ports.Read(0, 2), ports.Read(2, 2)));
        uint first = ports.Read(8, 4);
        Background.Until(() => ports.Read(8, 4) != first, "the timer runs");
    }

    [Fact]
    public void Each_reset_port_resets_by_its_own_value()
    {
        ResetPort acpi = ResetPort.Acpi(() => _ends++), keyboard = ResetPort.Keyboard(() => _ends++);
        Assert.Equal((0xCF9, 1, 0x64, 1), (acpi.FirstPort, acpi.PortCount, keyboard.FirstPort, keyboard.PortCount));
        acpi.Write(0, 1, 2);
        keyboard.Write(0, 1, 0xD1);
        Assert.Equal(0, _ends);
        acpi.Write(0, 1, 6);
        keyboard.Write(0, 1, 0xFE);
        Assert.Equal(2, _ends);
        // The keyboard controller is never busy, and holds no byte.
        Assert.Equal(0u, keyboard.Read(0, 1));
    }
}
