using Microsoft.Extensions.Time.Testing;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm.Machine;

/// <summary>A PC's clock, read as a kernel reads it: a register's number to one port, its content from the other.</summary>
public sealed class CmosClockTests
{
    private const byte StatusA = 10, StatusB = 11, StatusC = 12, StatusD = 13, Century = 0x32;
    private const byte TwentyFourHours = 2, Binary = 4;
    private static readonly byte[] Time = [0, 2, 4, 7, 8, 9, Century];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 23, 58, 57, TimeSpan.Zero));
    private readonly CmosClock _clock;

    public CmosClockTests() => _clock = new CmosClock(_time);

    [Fact]
    public void The_time_is_told_in_decimal_digits_of_24_hours_until_a_kernel_wants_it_otherwise()
    {
        Assert.Equal((0x70, 2), (_clock.FirstPort, _clock.PortCount));
        Assert.Equal(TwentyFourHours, Get(StatusB));
        Assert.Equal([0x57, 0x58, 0x23, 0x29, 0x11, 0x26, 0x20], Time.Select(Get));
        Set(StatusB, TwentyFourHours | Binary);
        Assert.Equal([57, 58, 23, 29, 11, 26, 20], Time.Select(Get));
    }

    [Theory]
    [InlineData(0, 12, false)]
    [InlineData(1, 1, false)]
    [InlineData(11, 11, false)]
    [InlineData(12, 12, true)]
    [InlineData(13, 1, true)]
    [InlineData(23, 11, true)]
    public void Of_twelve_hours_the_high_bit_is_the_afternoon(int hour, byte told, bool afternoon)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, hour, 0, 0, TimeSpan.Zero));
        var clock = new CmosClock(time);
        Set(clock, StatusB, Binary);
        Assert.Equal(told | (afternoon ? 0x80 : 0), Get(clock, 4));
        Set(clock, StatusB, 0);
        Assert.Equal((told / 10 << 4 | told % 10) | (afternoon ? 0x80 : 0), Get(clock, 4));
    }

    [Fact]
    public void The_time_runs_with_the_host_s_clock_and_over_the_end_of_a_year()
    {
        _time.Advance(new DateTimeOffset(2099, 12, 31, 23, 59, 59, TimeSpan.Zero) - _time.GetUtcNow());
        Assert.Equal([0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0x20], Time.Select(Get));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([0, 0, 0, 1, 1, 0, 0x21], Time.Select(Get));
    }

    [Fact]
    public void The_week_begins_with_Sunday()
    {
        Assert.Equal(1, Get(6));
        _time.Advance(TimeSpan.FromDays(6));
        Assert.Equal(7, Get(6));
    }

    [Fact]
    public void It_is_UTC_wherever_the_host_is()
    {
        _time.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("far", TimeSpan.FromHours(5), "far", "far"));
        Assert.Equal(0x23, Get(4));
    }

    // A kernel that finds the bit clear has 244 us to read the time: not one of them may lie beyond the second's end.
    [Fact]
    public void An_update_is_announced_just_before_the_second_ends_and_at_no_other_time()
    {
        const int Announced = 0x80;
        Assert.Equal(0x26, Get(StatusA));
        _time.Advance(TimeSpan.FromMicroseconds(999_755));
        Assert.Equal(0x26, Get(StatusA));
        _time.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal(0x26 | Announced, Get(StatusA));
        _time.Advance(TimeSpan.FromMicroseconds(243));
        Assert.Equal((0x26 | Announced, 0x57), (Get(StatusA), Get(0)));
        _time.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal((0x26, 0x58), (Get(StatusA), Get(0)));
    }

    [Fact]
    public void What_is_written_to_the_time_is_dropped_and_the_rest_is_kept()
    {
        byte[] before = [.. Time.Select(Get)];
        foreach (byte register in Time)
            Set(register, 0x11);
        Set(6, 0x33);
        Assert.Equal(before, Time.Select(Get));
        Assert.Equal(1, Get(6));
        Set(5, 0x12);           // an alarm
        Set(0x40, 0xA5);        // memory
        Assert.Equal((0x12, 0xA5), (Get(5), Get(0x40)));
    }

    [Fact]
    public void The_time_is_valid_and_no_interrupt_waits_whatever_is_written()
    {
        foreach (byte value in new byte[] { 0, 0xFF })
        {
            Set(StatusC, value);
            Set(StatusD, value);
            Assert.Equal((0, 0x80), (Get(StatusC), Get(StatusD)));
        }
        // Neither can an update be announced by writing.
        Set(StatusA, 0xF0);
        Assert.Equal(0x70, Get(StatusA));
    }

    [Fact]
    public void The_index_has_seven_bits_and_cannot_be_read()
    {
        _clock.Write(0, 1, 0x80 | StatusD);
        Assert.Equal(0x80u, _clock.Read(1, 1));
        Assert.Equal(0xFFu, _clock.Read(0, 1));
        // All of them, of two wide: nothing that a guest asks for is out of range.
        for (int register = 0; register < 0x100; register++)
        {
            Set((byte)register, (byte)register);
            Get((byte)register);
        }
    }

    private byte Get(byte register) => Get(_clock, register);

    private void Set(byte register, byte value) => Set(_clock, register, value);

    private static byte Get(CmosClock clock, byte register)
    {
        clock.Write(0, 1, register);
        return (byte)clock.Read(1, 1);
    }

    private static void Set(CmosClock clock, byte register, byte value)
    {
        clock.Write(0, 1, register);
        clock.Write(1, 1, value);
    }
}
