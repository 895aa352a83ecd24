using System.Runtime.Versioning;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>Images that <c>vmbus host --device disk=FILE</c> takes, and those it does not.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostDiskTests
{
    [Fact]
    public void An_image_that_cannot_be_a_disk_is_said()
    {
        string folder = Directory.CreateTempSubdirectory("vmbus-disk-").FullName;
        try
        {
            string file = Path.Combine(folder, "image");
            Assert.Equal($"cannot open the disk image '{file}': no such file or directory", Message(file));
            Assert.Equal($"cannot open the disk image '{folder}/none/image': no such file or directory", Message($"{folder}/none/image"));
            Assert.Equal($"cannot open the disk image: '{folder}' is a directory", Message(folder));
            File.WriteAllBytes(file, new byte[513]);
            Assert.Equal($"cannot open the disk image: '{file}' has 513 bytes: an image must be one or more whole blocks of 512 bytes", Message(file));
            File.WriteAllBytes(file, []);
            Assert.Equal($"cannot open the disk image: '{file}' has 0 bytes: an image must be one or more whole blocks of 512 bytes", Message(file));
            File.WriteAllBytes(file, new byte[1024]);
            using (var disk = new HostDisk(file, isReadOnly: false))
            {
                Assert.Equal("0 reads of 0 bytes, 0 writes of 0 bytes, 0 flushes, 0 unmaps, 0 failed", disk.ToString());
                Assert.Contains("in use", Message(file).Replace("being used", "in use", StringComparison.Ordinal), StringComparison.Ordinal);
            }

            Assert.Equal(1024, new FileInfo(file).Length);
            using var first = new HostDisk(file, isReadOnly: true);
            using var second = new HostDisk(file, isReadOnly: true);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static string Message(string path) => Assert.Throws<ToolException>(() => new HostDisk(path, isReadOnly: false).Dispose()).Message;
    }
}
