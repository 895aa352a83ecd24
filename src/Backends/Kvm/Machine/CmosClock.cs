// A PC's battery-backed clock. Mirrors the MC146818 as kernels read it (Linux: drivers/rtc/rtc-mc146818-lib.c,
// include/linux/mc146818rtc.h), with the century where a PC's firmware keeps it.

namespace VmBus.Kvm;

/// <summary>
/// The clock at ports 0x70 and 0x71. It tells UTC by the host's own clock: what the guest writes to the registers of the time
/// is dropped. Alarms and the rest of the memory keep what is written, and no interrupt ever comes. Thread-safe.
/// </summary>
internal sealed class CmosClock(TimeProvider clock) : IPortDevice
{
    /// <summary>The register that holds the century; the FADT names it.</summary>
    public const byte CenturyRegister = 0x32;

    private const int Index = 0;
    private const byte IndexMask = 0x7F;            // bit 7 masks NMIs, of which there are none
    private const uint NoDevice = 0xFF;             // the index cannot be read

    private const byte Seconds = 0, Minutes = 2, Hours = 4, DayOfWeek = 6, Day = 7, Month = 8, Year = 9;
    private const byte StatusA = 10, StatusB = 11, StatusC = 12, StatusD = 13;

    private const byte UpdateInProgress = 0x80;     // status A
    private const byte CrystalAndRate = 0x26;       // status A: 32,768 Hz, a period of 1/1024 s
    private const byte TwentyFourHours = 2, Binary = 4;     // status B
    private const byte ValidTime = 0x80;            // status D: the battery has not failed
    private const byte Afternoon = 0x80;            // hours, where there are twelve

    // The chip announces the update this long before the second ends: who sees no announcement has this long to read.
    private static readonly TimeSpan Announcement = TimeSpan.FromMicroseconds(244);

    private readonly Lock _sync = new();
    private readonly byte[] _registers = Initial();
    private byte _index;

    public ushort FirstPort => 0x70;

    public int PortCount => 2;

    public uint Read(int offset, int size)
    {
        if (offset == Index)
            return NoDevice;
        lock (_sync)
            return ReadRegister(_index, clock.GetUtcNow());
    }

    public void Write(int offset, int size, uint value)
    {
        lock (_sync)
        {
            if (offset == Index)
                _index = (byte)(value & IndexMask);
            else
                WriteRegister(_index, (byte)value);
        }
    }

    private static byte[] Initial()
    {
        byte[] registers = new byte[IndexMask + 1];
        registers[StatusA] = CrystalAndRate;
        registers[StatusB] = TwentyFourHours;
        return registers;
    }

    private byte ReadRegister(byte register, DateTimeOffset now) => register switch
    {
        Seconds => Number(now.Second),
        Minutes => Number(now.Minute),
        Hours when Has(TwentyFourHours) => Number(now.Hour),
        Hours => (byte)(Number((now.Hour + 11) % 12 + 1) | (now.Hour >= 12 ? Afternoon : 0)),
        DayOfWeek => Number((int)now.DayOfWeek + 1),        // Sunday is 1
        Day => Number(now.Day),
        Month => Number(now.Month),
        Year => Number(now.Year % 100),
        CenturyRegister => Number(now.Year / 100),
        StatusA => (byte)(_registers[StatusA] | (IsAnnounced(now) ? UpdateInProgress : 0)),
        StatusC => 0,
        StatusD => ValidTime,
        _ => _registers[register],
    };

    private void WriteRegister(byte register, byte value)
    {
        if (register is Seconds or Minutes or Hours or DayOfWeek or Day or Month or Year or CenturyRegister or StatusC or StatusD)
            return;
        _registers[register] = register == StatusA ? (byte)(value & ~UpdateInProgress) : value;
    }

    private static bool IsAnnounced(DateTimeOffset now) => now.Ticks % TimeSpan.TicksPerSecond >= TimeSpan.TicksPerSecond - Announcement.Ticks;

    private bool Has(byte flag) => (_registers[StatusB] & flag) != 0;

    private byte Number(int value) => (byte)(Has(Binary) ? value : value / 10 << 4 | value % 10);
}
