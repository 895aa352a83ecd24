using System.Text;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm.Machine;

/// <summary>The serial port as Linux's 8250 driver meets it: how it finds the chip, what it waits for.</summary>
public sealed class SerialPortTests
{
    private const int Data = 0, InterruptEnable = 1, Identification = 2, FifoControl = 2, LineControl = 3, ModemControl = 4, LineStatus = 5, ModemStatus = 6, Scratch = 7;
    private const uint NoInterrupt = 1, Room = 2, Received = 4;

    private readonly List<byte> _sent = [];
    private readonly List<bool> _line = [];
    private readonly SerialPort _port;

    public SerialPortTests() => _port = new SerialPort(_sent.Add, _line.Add);

    private bool IsRaised => _line.Count > 0 && _line[^1];

    // autoconfig and autoconfig_16550a (drivers/tty/serial/8250/8250_port.c).
    [Fact]
    public void Linuxs_probe_finds_a_16550A()
    {
        uint enabled = Read(InterruptEnable);
        Write(InterruptEnable, 0);
        Assert.Equal(0u, Read(InterruptEnable) & 0x0F);
        Write(InterruptEnable, 0x0F);
        Assert.Equal(0x0Fu, Read(InterruptEnable) & 0x0F);
        Write(InterruptEnable, enabled);

        uint modem = Read(ModemControl);
        Write(ModemControl, 0x10 | 0x0A);
        Assert.Equal(0x90u, Read(ModemStatus) & 0xF0);
        Write(ModemControl, modem);

        uint line = Read(LineControl);
        Write(LineControl, 0xBF);
        Write(FifoControl, 0);
        Write(LineControl, 0);
        Write(FifoControl, 1);
        Assert.Equal(3u, Read(Identification) >> 6);

        // No enhanced features behind the divisor's latch: writes to it are the divisor's.
        Write(LineControl, 0x80);
        Write(Data, 0x12);
        Write(InterruptEnable, 0x34);
        Assert.Equal((0x12u, 0x34u), (Read(Data), Read(InterruptEnable)));
        Write(LineControl, line);
        Assert.Equal(enabled, Read(InterruptEnable));
        Write(Scratch, 0xAE);
        Assert.Equal(0xAEu, Read(Scratch));
        Assert.Empty(_sent);
    }

    // i8250_count_irqs and serial8250_do_startup: asking for the room interrupt again tells of it again.
    [Fact]
    public void Room_is_told_once_and_again_when_it_is_asked_for_anew()
    {
        Write(ModemControl, 0x08);
        Write(InterruptEnable, 2);
        Assert.True(IsRaised);
        Assert.Equal(Room, Read(Identification) & 7);
        Assert.False(IsRaised);
        Assert.Equal(NoInterrupt, Read(Identification) & 7);
        Write(InterruptEnable, 2);
        Assert.False(IsRaised);
        Write(InterruptEnable, 0);
        Write(InterruptEnable, 2);
        Assert.True(IsRaised);
        Write(InterruptEnable, 0);
        Assert.False(IsRaised);
    }

    [Fact]
    public void Each_byte_sent_makes_room_that_is_told()
    {
        Write(ModemControl, 0x08);
        Write(InterruptEnable, 2);
        foreach (byte one in "hello"u8)
        {
            Assert.Equal(Room, Read(Identification) & 7);
            Assert.False(IsRaised);
            Write(Data, one);
            Assert.True(IsRaised);
        }
        Assert.Equal("hello", Encoding.ASCII.GetString([.. _sent]));
        Assert.Equal(0x60u, Read(LineStatus));
    }

    [Fact]
    public void What_is_typed_is_received_and_its_interrupt_stays_until_all_is_read()
    {
        Write(ModemControl, 0x08);
        Write(InterruptEnable, 1);
        Assert.False(IsRaised);
        _port.Receive("ab"u8);
        Assert.True(IsRaised);
        Assert.Equal((Received, 0x61u), (Read(Identification) & 7, Read(LineStatus)));
        Assert.Equal((uint)'a', Read(Data));
        Assert.True(IsRaised);
        Assert.Equal((uint)'b', Read(Data));
        Assert.False(IsRaised);
        Assert.Equal((0x60u, 0u), (Read(LineStatus), Read(Data)));
    }

    [Fact]
    public void Received_bytes_come_before_room()
    {
        Write(InterruptEnable, 3);
        _port.Receive("x"u8);
        Assert.Equal(Received, Read(Identification) & 7);
        Read(Data);
        Assert.Equal(Room, Read(Identification) & 7);
        Assert.Equal(NoInterrupt, Read(Identification) & 7);
    }

    [Fact]
    public void No_interrupt_leaves_the_chip_without_OUT2_or_in_loopback()
    {
        Write(InterruptEnable, 2);
        Assert.False(IsRaised);
        Write(ModemControl, 0x18);
        Assert.False(IsRaised);
        Write(ModemControl, 0x08);
        Assert.True(IsRaised);
        Write(ModemControl, 0x00);
        Assert.False(IsRaised);
    }

    [Fact]
    public void In_loopback_what_is_sent_is_received_and_outputs_are_inputs()
    {
        Write(ModemControl, 0x10);
        Write(Data, 'q');
        Assert.Equal((0x61u, (uint)'q'), (Read(LineStatus), Read(Data)));
        Assert.Empty(_sent);
        foreach ((uint output, uint input) in new[] { (1u, 0x20u), (2u, 0x10u), (4u, 0x40u), (8u, 0x80u) })
        {
            Write(ModemControl, 0x10 | output);
            Assert.Equal(input, Read(ModemStatus));
        }
        Write(ModemControl, 0);
        Assert.Equal(0xB0u, Read(ModemStatus));
    }

    // A guest that never reads, by either way that bytes come, must not fill its host's memory.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_nobody_fetches_is_bounded(bool loopback)
    {
        Write(ModemControl, loopback ? 0x10u : 0);
        for (int i = 0; i < 100_000; i++)
        {
            if (loopback)
                Write(Data, 1);
            else
                _port.Receive([1]);
        }
        int kept = 0;
        for (; (Read(LineStatus) & 1) != 0; kept++)
            Read(Data);
        Assert.InRange(kept, 1, 4096);
    }

    [Fact]
    public void Resetting_the_FIFO_forgets_what_was_received()
    {
        _port.Receive("abc"u8);
        Write(FifoControl, 3);
        Assert.Equal(0x60u, Read(LineStatus));
    }

    [Fact]
    public void No_access_of_any_size_is_an_error()
    {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            int size = 1 << random.Next(3);
            if (random.Next(2) == 0)
                _port.Read(random.Next(8), size);
            else
                _port.Write(random.Next(8), size, (uint)random.NextInt64(1L << 32));
        }
    }

    private uint Read(int offset) => _port.Read(offset, 1);

    private void Write(int offset, uint value) => _port.Write(offset, 1, value);
}
