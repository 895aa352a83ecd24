using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm.Machine;

/// <summary>Kernel images, good and hostile.</summary>
public sealed class LinuxImageTests
{
    [Fact]
    public void A_good_image_tells_what_its_header_says()
    {
        byte[] file = TinyImage.Create();
        var image = new LinuxImage(file);
        Assert.Equal((0x10_0000ul, 0x2_0000u, 0x7FFF_FFFFu, 255u), (image.PreferredAddress, image.RunSize, image.InitialDiskLimit, image.CommandLineLimit));
        Assert.Equal(file.Length - 1024, image.Kernel.Length);
        Assert.Equal(0x77, image.Kernel.Span[0]);
        Assert.Equal(0x202 + 0x6A - 0x1F1, image.SetupHeader.Length);
        Assert.Equal(file[0x1F1], image.SetupHeader.Span[0]);
        Assert.Equal(0x200ul, LinuxImage.Entry);
    }

    [Fact]
    public void No_setup_sectors_stand_for_four()
    {
        byte[] file = TinyImage.Create();
        file[0x1F1] = 0;
        Assert.Equal(file.Length - 5 * 512, new LinuxImage(file).Kernel.Length);
    }

    [Theory]
    [InlineData(0x1FE, 0)]          // no boot signature
    [InlineData(0x202, 'X')]        // no "HdrS"
    [InlineData(0x206, 0x0B)]       // protocol 2.11
    [InlineData(0x236, 0)]          // no 64-bit entry
    [InlineData(0x201, 0x62)]       // the header ends before what is read of it
    [InlineData(0x1F1, 255)]        // more setup code than there is file
    public void An_image_that_cannot_be_booted_is_refused(int offset, byte value)
    {
        byte[] file = TinyImage.Create();
        file[offset] = value;
        Assert.Throws<InvalidDataException>(() => new LinuxImage(file));
    }

    [Fact]
    public void Every_truncation_is_refused_or_read()
    {
        byte[] file = TinyImage.Create();
        for (int length = 0; length < file.Length; length++)
        {
            byte[] part = file[..length];
            if (length <= 1024)
                Assert.Throws<InvalidDataException>(() => new LinuxImage(part));
            else
                Assert.Equal(length - 1024, new LinuxImage(part).Kernel.Length);
        }
    }

    // Any bytes at all, over a good image from any offset on: an answer or that one exception.
    [Property(MaxTest = 2000)]
    public Property Any_bytes_are_read_or_refused() => Prop.ForAll(ArbMap.Default.ArbFor<(byte[] Bytes, ushort Offset, bool HasHead)>(), input =>
    {
        byte[] file = input.HasHead ? TinyImage.Create() : new byte[TinyImage.Length];
        int offset = input.HasHead ? 0x1F0 + input.Offset % 0x80 : input.Offset % file.Length;
        for (int i = 0; i < input.Bytes.Length && offset + i < file.Length; i++)
            file[offset + i] = input.Bytes[i];
        try
        {
            var image = new LinuxImage(file);
            return image.Kernel.Length + image.SetupHeader.Length > 0 && image.PreferredAddress + image.RunSize + image.InitialDiskLimit + image.CommandLineLimit >= 0;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    });
}
