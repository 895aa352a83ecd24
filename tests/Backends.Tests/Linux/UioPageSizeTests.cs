using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

// A kernel with pages of 64 KiB, as arm64 may have: its own pages behind each ring's indices, and Hyper-V's of 4096 bytes announced as they are,
// or as one of the kernel's.
[SupportedOSPlatform("linux")]
public sealed class UioPageSizeTests : UioFixture
{
    private const int Large = 65536;

    [Theory]
    [InlineData(4096, 0)]
    [InlineData(Large, 0)]
    [InlineData(Large, 3 * 4096)]
    public void A_device_of_a_kernel_with_large_pages_is_driven(int announcedPage, int pageOffset)
    {
        UioStandIn standIn = Make(Monitor, 3 * Large, Large, announcedPage, pageOffset);
        StandInHost second = standIn.AddSubchannel(90, 42, 3 * Large);
        using UioDevice device = standIn.Open();
        UioChannel subchannel = device.AddSubchannel(90);

        Assert.Equal(2 * Large, device.Primary.Channel.Outgoing.DataSize);
        Exchange(device.Primary.Channel, standIn.Host);
        Exchange(subchannel.Channel, second);
        // By the monitor page, where the hypervisor looks.
        Assert.Equal((0, 0), (standIn.Host.Signals.Calls, second.Signals.Calls));
        Assert.Equal(0x600, BitConverter.ToInt32(standIn.MonitorPageBytes(), pageOffset + 0x10));
        using UioMonitorPage page = standIn.OpenMonitorPage();
        Assert.Equal(1000, page.Page.Latency(Monitor));
    }

    [Theory]
    [InlineData(Large, Large, 104)]         // not where a page of Hyper-V's can be
    [InlineData(Large, 8192, 0)]
    [InlineData(4096, Large, 0)]
    public void A_map_that_is_no_page_is_named(int pageSize, int announcedPage, int pageOffset)
    {
        UioStandIn standIn = Make(Monitor, 2 * pageSize, pageSize, announcedPage, pageOffset);

        LinuxGuestException error = Assert.Throws<LinuxGuestException>(() => standIn.Open());

        Assert.Equal(LinuxGuestError.BadMap, error.Error);
        Assert.Contains("monitor_page", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rings_of_less_than_two_of_the_kernels_pages_are_refused()
    {
        UioStandIn standIn = Make(Monitor, 2 * Large, Large, 4096, 0);
        standIn.Announce(0, "txrx_rings", 2 * Large);

        Assert.Contains("pages of 65536", Assert.Throws<LinuxGuestException>(() => standIn.Open()).Message, StringComparison.Ordinal);
    }

    // Kernels before 6.12.41 and 6.15 say 4 MiB of every ring file.
    [Theory]
    [InlineData(8192)]
    [InlineData(3 * 4096)]
    [InlineData(65536)]
    [InlineData(1 << 20)]
    public void Rings_smaller_than_their_file_says_are_found(int ringBytes)
    {
        UioStandIn standIn = Make(Monitor);
        StandInHost second = standIn.AddSubchannel(90, null, ringBytes);
        standIn.RingFileBytes = 2 * ringBytes;
        SetFileSize(standIn, 4 << 20);
        using UioDevice device = standIn.Open();

        UioChannel subchannel = device.AddSubchannel(90);

        Assert.Equal(ringBytes - 4096, subchannel.Channel.Outgoing.DataSize);
        Exchange(subchannel.Channel, second);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(5 * 4096)]  // no two equal rings
    public void A_ring_file_of_which_less_is_mapped_than_rings_have_is_named(int mapped)
    {
        UioStandIn standIn = Make(Monitor);
        standIn.AddSubchannel(90, null);
        standIn.RingFileBytes = mapped;
        SetFileSize(standIn, 4 << 20);
        using UioDevice device = standIn.Open();

        LinuxGuestException error = Assert.Throws<LinuxGuestException>(() => device.AddSubchannel(90));

        Assert.Equal(LinuxGuestError.BadMap, error.Error);
        Assert.Contains("channels/90/ring claims 4194304 bytes", error.Message, StringComparison.Ordinal);
    }

    private static void SetFileSize(UioStandIn standIn, long size)
    {
        using FileStream ring = File.OpenWrite(standIn.Tree.Full($"{UioStandIn.Folder}/channels/90/ring"));
        ring.SetLength(size);
    }

    private static void Exchange(VmBusChannel guest, StandInHost host)
    {
        Assert.True(guest.TrySend([1, 2, 3, 4, 5, 6, 7, 8]));
        ReadOne(host.Channel);
        Assert.True(host.Channel.TrySend([8, 7, 6, 5, 4, 3, 2, 1]));
        ReadOne(guest);
    }
}
