// A serial port. Mirrors the 16550A as Linux's 8250 driver uses it (drivers/tty/serial/8250/8250_port.c): FIFO, loopback,
// and the interrupts of received bytes and of room to send.

namespace VmBus.Kvm;

/// <summary>The first serial port of a PC: ports 0x3F8 to 0x3FF, line 4. Thread-safe.</summary>
internal sealed class SerialPort : IPortDevice
{
    private const int Data = 0, InterruptEnable = 1, Identification = 2, LineControl = 3, ModemControl = 4, LineStatus = 5, ModemStatus = 6, Scratch = 7;
    private const byte ReceivedEnable = 1, RoomEnable = 2;
    private const byte NoInterrupt = 1, RoomInterrupt = 2, ReceivedInterrupt = 4, FifosOn = 0xC0;
    private const byte DivisorLatch = 0x80;
    private const byte Loopback = 0x10, OutputsMask = 0x0F, InterruptGate = 0x08;
    private const byte DataReady = 1, Empty = 0x60;
    private const byte Connected = 0xB0;            // carrier, data set ready, clear to send
    private const int MostReceived = 4096;

    private readonly Lock _sync = new();
    private readonly Queue<byte> _received = new();
    private readonly Action<byte> _sent;
    private readonly Action<bool> _setLine;
    private byte _enabled, _lineControl, _modemControl, _scratch, _divisorLow = 1, _divisorHigh;
    private bool _hasFifo, _roomTold, _line;

    public SerialPort(Action<byte> sent, Action<bool> setLine)
    {
        _sent = sent;
        _setLine = setLine;
    }

    public ushort FirstPort => 0x3F8;

    public int PortCount => 8;

    /// <summary>Has the guest receive bytes. What its driver does not fetch in time is lost.</summary>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_sync)
        {
            foreach (byte one in bytes)
                Take(one);
            Update();
        }
    }

    public uint Read(int offset, int size)
    {
        lock (_sync)
        {
            uint value = ReadRegister(offset);
            Update();
            return value;
        }
    }

    public void Write(int offset, int size, uint value)
    {
        lock (_sync)
        {
            WriteRegister(offset, (byte)value);
            Update();
        }
    }

    private bool IsLatched => (_lineControl & DivisorLatch) != 0;

    private void Take(byte received)
    {
        if (_received.Count < MostReceived)
            _received.Enqueue(received);
    }

    private byte ReadRegister(int offset)
    {
        switch (offset)
        {
            case Data when IsLatched:
                return _divisorLow;
            case Data:
                return _received.TryDequeue(out byte received) ? received : (byte)0;
            case InterruptEnable:
                return IsLatched ? _divisorHigh : _enabled;
            case Identification:
                byte cause = Cause();
                // Reading it is the acknowledgement of room.
                if (cause == RoomInterrupt)
                    _roomTold = true;
                return (byte)(cause | (_hasFifo ? FifosOn : 0));
            case LineControl:
                return _lineControl;
            case ModemControl:
                return _modemControl;
            case LineStatus:
                return (byte)(Empty | (_received.Count > 0 ? DataReady : 0));
            case ModemStatus when (_modemControl & Loopback) != 0:
                // The outputs come back as inputs: DTR as DSR, RTS as CTS, OUT1 as RI, OUT2 as CD.
                int outputs = _modemControl & OutputsMask;
                return (byte)((outputs & 1) << 5 | (outputs & 2) << 3 | (outputs & 4) << 4 | (outputs & 8) << 4);
            case ModemStatus:
                return Connected;
            default:
                return _scratch;
        }
    }

    private void WriteRegister(int offset, byte value)
    {
        switch (offset)
        {
            case Data when IsLatched:
                _divisorLow = value;
                break;
            case Data:
                if ((_modemControl & Loopback) != 0)
                    Take(value);
                else
                    _sent(value);
                // Sent at once: there is room again.
                _roomTold = false;
                break;
            case InterruptEnable when IsLatched:
                _divisorHigh = value;
                break;
            case InterruptEnable:
                // Asking for it again tells of room again.
                if ((value & RoomEnable) != 0 && (_enabled & RoomEnable) == 0)
                    _roomTold = false;
                _enabled = (byte)(value & 0x0F);
                break;
            case Identification:
                _hasFifo = (value & 1) != 0;
                if ((value & 2) != 0)
                    _received.Clear();
                break;
            case LineControl:
                _lineControl = value;
                break;
            case ModemControl:
                _modemControl = (byte)(value & 0x1F);
                break;
            case Scratch:
                _scratch = value;
                break;
        }
    }

    private byte Cause() =>
        (_enabled & ReceivedEnable) != 0 && _received.Count > 0 ? ReceivedInterrupt
        : (_enabled & RoomEnable) != 0 && !_roomTold ? RoomInterrupt
        : NoInterrupt;

    // Under the lock. The interrupt leaves the chip only while OUT2 is on.
    private void Update()
    {
        bool line = Cause() != NoInterrupt && (_modemControl & InterruptGate) != 0 && (_modemControl & Loopback) == 0;
        if (line == _line)
            return;
        _line = line;
        _setLine(line);
    }
}
