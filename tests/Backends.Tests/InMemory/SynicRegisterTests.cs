using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.InMemory;

public sealed class SynicRegisterTests : IDisposable
{
    private readonly TestPartitions _partitions = new();

    private Synic Synic => _partitions.RootSynic;

    public void Dispose() => _partitions.Dispose();

    [Fact]
    public void A_reset_SynIC_is_off_and_its_SINTs_are_masked()
    {
        Assert.Equal(0ul, Synic.ReadMsr(SynicMsr.Scontrol));
        Assert.Equal(1ul, Synic.ReadMsr(SynicMsr.Sversion));
        Assert.Equal(0ul, Synic.ReadMsr(SynicMsr.Siefp));
        Assert.Equal(0ul, Synic.ReadMsr(SynicMsr.Simp));
        Assert.Equal(0ul, Synic.ReadMsr(SynicMsr.Sirbp));
        Assert.Equal(0ul, Synic.ReadMsr(SynicMsr.Eom));
        for (uint sint = 0; sint < 16; sint++)
            Assert.Equal(0x10000ul, Synic.ReadMsr(SynicMsr.Sint0 + sint));
    }

    [Fact]
    public void Registers_keep_what_is_written()
    {
        Synic.WriteMsr(SynicMsr.Scontrol, 1);
        Synic.WriteMsr(SynicMsr.Siefp, 0x3001);
        Synic.WriteMsr(SynicMsr.Simp, 0x4001);
        Synic.WriteMsr(SynicMsr.Sint15, 0x200FF);

        Assert.Equal(1ul, Synic.ReadMsr(SynicMsr.Scontrol));
        Assert.Equal(0x3001ul, Synic.ReadMsr(SynicMsr.Siefp));
        Assert.Equal(0x4001ul, Synic.ReadMsr(SynicMsr.Simp));
        Assert.Equal(0x200FFul, Synic.ReadMsr(SynicMsr.Sint15));
        Assert.Equal(_partitions.Root.Memory.Translate(0x3000, 1), Synic.EventFlagsPage!.Value.Address);
        Assert.Equal(_partitions.Root.Memory.Translate(0x4000, 1), Synic.MessagePage!.Value.Address);
    }

    [Fact]
    public void A_disabled_page_may_lie_anywhere_and_is_not_there()
    {
        Synic.WriteMsr(SynicMsr.Simp, 0xFFFF_FFFF_F000);

        Assert.Null(Synic.MessagePage);
    }

    [Theory]
    [InlineData(SynicMsr.Sversion, 1ul)]
    [InlineData(SynicMsr.Siefp, 0xFFFF_FFFF_F001ul)]
    [InlineData(SynicMsr.Simp, 0x40001ul)]
    [InlineData(SynicMsr.Sint0, 15ul)]
    [InlineData(SynicMsr.Sint0 + 16, 0x10000ul)]
    [InlineData(SynicMsr.Scontrol - 1, 0ul)]
    public void What_a_guest_must_not_write_is_a_general_protection_fault(uint msr, ulong value)
    {
        Assert.Throws<GeneralProtectionException>(() => Synic.WriteMsr(msr, value));
        if (msr is SynicMsr.Siefp or SynicMsr.Simp)
            Assert.Equal(0ul, Synic.ReadMsr(msr));
    }

    [Fact]
    public void An_unknown_register_cannot_be_read() => Assert.Throws<GeneralProtectionException>(() => Synic.ReadMsr(0x40000086));

    [Fact]
    public void Without_the_privilege_every_access_faults()
    {
        using var partitions = new TestPartitions(PartitionPrivileges.SignalEvents);
        Synic synic = partitions.Guest.VirtualProcessors[0].Synic;

        Assert.Throws<GeneralProtectionException>(() => synic.ReadMsr(SynicMsr.Sversion));
        Assert.Throws<GeneralProtectionException>(() => synic.WriteMsr(SynicMsr.Eom, 0));
    }

    [Fact]
    public void A_reset_turns_everything_off()
    {
        _partitions.Enabled();
        Synic.Reset();

        A_reset_SynIC_is_off_and_its_SINTs_are_masked();
        Assert.Null(Synic.EventFlagsPage);
        Assert.Equal(HypercallStatus.InvalidSynicState, _partitions.Root.HvSignalEventDirect(_partitions.Root, 0, TestPartitions.Sint, 1, out _));
    }
}
