using VmBus.Hosting;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm.Machine;

public class MemoryLayoutTests
{
    [Theory]
    [InlineData(0x10_1000ul, "0-9fc00 9fc00-100000r 100000-101000", "0+101000@0")]
    [InlineData(0x7FFF_F000ul, "0-9fc00 9fc00-100000r 100000-7ffff000", "0+7ffff000@0")]
    [InlineData(0xC000_0000ul, "0-9fc00 9fc00-100000r 100000-c0000000", "0+c0000000@0")]
    [InlineData(0xC000_1000ul, "0-9fc00 9fc00-100000r 100000-c0000000 100000000-100001000", "0+c0000000@0 100000000+1000@c0000000")]
    [InlineData(0x2_0000_0000ul, "0-9fc00 9fc00-100000r 100000-c0000000 100000000-240000000", "0+c0000000@0 100000000+140000000@c0000000")]
    public void Memory_lies_below_the_hole_and_what_is_more_above_4_GiB(ulong size, string entries, string slots)
    {
        var layout = new MemoryLayout(size);
        var map = new GuestAddressMap(size);

        Assert.Equal(entries, string.Join(' ', layout.Entries.Select(one => $"{one.Start:x}-{one.End:x}{(one.IsUsable ? "" : "r")}")));
        Assert.Equal(slots, string.Join(' ', map.Slots.Select(one => $"{one.GuestAddress:x}+{one.Length:x}@{one.Offset:x}")));
        Assert.Equal(size, map.Slots.Aggregate(0ul, (sum, one) => sum + one.Length));
        Assert.Equal(Math.Min(size, 0xC000_0000), layout.LowEnd);
    }

    [Fact]
    public void Less_than_a_PC_has_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryLayout(0x10_0000));
}
