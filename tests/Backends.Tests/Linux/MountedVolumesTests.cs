using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class MountedVolumesTests
{
    private readonly List<string> _done = [];

    [Fact]
    public void File_systems_on_disks_are_found_once_each_and_the_root_last() => Assert.Equal(
        ["/mnt/a b", "/home", "/boot", "/"],
        MountedVolume.Find(
        [
            "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "23 22 0:21 / /proc rw - proc proc rw",
            "24 22 8:2 / /boot rw - ext4 /dev/sda2 rw,errors=remount-ro",
            "25 22 8:3 / /home rw master:1 propagate_from:2 - xfs /dev/sda3 rw",
            "26 22 8:3 /sub /srv rw - xfs /dev/sda3 rw",
            "27 22 11:0 / /media/cd ro - iso9660 /dev/sr0 ro",
            "28 22 7:0 / /snap rw - ext4 /dev/loop0 rw",
            @"29 22 8:4 / /mnt/a\040b rw - ext4 /dev/sdb rw",
            "30 22 0:50 / /tmp rw - tmpfs tmpfs rw",
            "rubbish", "", "1 2 3 4 5 6 -",
        ]));

    [Fact]
    public void Volumes_are_frozen_in_order_and_thawed_the_other_way_round()
    {
        MountedVolumes volumes = Make("a", "gone", "b");
        Assert.Equal(IcStatus.Success, volumes.Freeze());
        Assert.Equal(IcStatus.Fail, volumes.Freeze());
        Assert.Equal(IcStatus.Success, volumes.Thaw());
        Assert.Equal(IcStatus.Success, volumes.Thaw());
        Assert.Equal(["open a", "open b", "freeze a", "freeze b", "thaw b", "close b", "thaw a", "close a"], _done);
    }

    [Fact]
    public void A_volume_that_cannot_be_frozen_is_left_out_and_one_that_fails_undoes_the_others()
    {
        Assert.Equal(IcStatus.Success, Make("a", "fat:NotSupported", "theirs:Busy").Freeze());
        Assert.Equal(["open a", "open fat", "open theirs", "freeze a", "freeze fat", "close fat", "freeze theirs", "close theirs"], _done);

        _done.Clear();
        MountedVolumes volumes = Make("a", "b:InputOutput", "c");
        Assert.Equal(IcStatus.Fail, volumes.Freeze());
        Assert.Equal(["open a", "open b", "open c", "freeze a", "freeze b", "close b", "thaw a", "close a", "close c"], _done);
        Assert.Equal(IcStatus.Success, volumes.Thaw());
    }

    [Fact]
    public void A_volume_that_does_not_thaw_is_thawed_again()
    {
        MountedVolumes volumes = Make("a", "b!InputOutput");
        Assert.Equal(IcStatus.Success, volumes.Freeze());
        Assert.Equal(IcStatus.Fail, volumes.Thaw());
        _done.Clear();
        Assert.Equal(IcStatus.Success, volumes.Thaw());
        Assert.Equal(["thaw b", "close b"], _done);
    }

    // A write to it waits in the kernel until it is thawed.
    [Fact]
    public void A_real_file_system_holds_back_a_write_until_it_is_thawed()
    {
        string folder = Directory.CreateTempSubdirectory("vmbus-volume").FullName;
        string image = Path.Combine(folder, "image"), mount = Path.Combine(folder, "mount");
        Directory.CreateDirectory(mount);
        using (FileStream file = File.Create(image))
            file.SetLength(8 << 20);
        bool isMounted = Environment.IsPrivilegedProcess && Run("mkfs.ext4", "-q", image) && Run("mount", "-o", "loop", image, mount);
        try
        {
            Assert.SkipUnless(isMounted, "NOT TESTED: freezing of a real file system. It needs root, mkfs.ext4 and loop devices.");
            MountedVolumes volumes = new(() => [mount], MountedVolume.Open);
            using Process writer = Start("sh", "-c", $"read go; echo held > {mount}/file");
            Assert.Equal(IcStatus.Success, volumes.Freeze());
            try
            {
                writer.StandardInput.WriteLine();
                Background.Until(() => writer.HasExited || State(writer.Id) == 'D', "the writer waits in the kernel");
                Assert.False(writer.HasExited);
            }
            finally
            {
                Assert.Equal(IcStatus.Success, volumes.Thaw());
            }

            Assert.True(writer.WaitForExit(Patience.Limit));
            Assert.Equal("held\n", File.ReadAllText(Path.Combine(mount, "file")));

            // What others froze is theirs, and what is not frozen is thawed already.
            Assert.Equal(IcStatus.Success, volumes.Thaw());
        }
        finally
        {
            if (isMounted)
                Assert.True(Run("umount", mount));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static char State(int process)
    {
        string status = File.ReadAllText($"/proc/{process}/stat");
        return status[status.LastIndexOf(')') + 2];
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardError = true })!;

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Start(program, arguments);
            return process.WaitForExit(Patience.Limit) && process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;   // not installed
        }
    }

    // A name, what freezing it answers behind a colon, and what its first thaw answers behind a mark.
    private MountedVolumes Make(params string[] volumes) => new(
        () => volumes, text => text == "gone" ? null : new StandIn(text, _done));

    private sealed class StandIn : IFreezableVolume
    {
        private readonly string _name;
        private readonly List<string> _done;
        private readonly Errno _freeze;
        private Errno _thaw;

        public StandIn(string text, List<string> done)
        {
            string[] parts = text.Split(':', '!');
            _name = parts[0];
            _done = done;
            if (text.Contains(':', StringComparison.Ordinal))
                _freeze = Enum.Parse<Errno>(parts[1]);
            else if (parts.Length > 1)
                _thaw = Enum.Parse<Errno>(parts[1]);
            done.Add($"open {_name}");
        }

        public Errno Freeze()
        {
            _done.Add($"freeze {_name}");
            return _freeze;
        }

        public Errno Thaw()
        {
            _done.Add($"thaw {_name}");
            (Errno answer, _thaw) = (_thaw, Errno.None);
            return answer;
        }

        public void Dispose() => _done.Add($"close {_name}");
    }
}
