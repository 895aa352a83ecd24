using System.Text.Json;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Doctor;

/// <summary>What <c>vmbus doctor</c> finds on machines that are folders.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmbus-doctor");

    [Fact]
    public async Task It_tells_what_works_on_this_machine_and_what_the_rest_lacks()
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, ["doctor", "--json"]));
        using JsonDocument document = JsonDocument.Parse(terminal.Out);
        Assert.Equal("vmbus-doctor/1", document.RootElement.GetProperty("schema").GetString());
        JsonElement[] backends = [.. document.RootElement.GetProperty("backends").EnumerateArray()];
        Assert.True(backends.Single(one => one.GetProperty("backend").GetString() == "in memory").GetProperty("works").GetBoolean());
        Assert.All(backends, one => Assert.NotEqual("", one.GetProperty("found").GetString()));

        using FakeTerminal text = new();
        Assert.Equal(ExitCode.Success, await text.Run(FakeEngines.Good, ["doctor"]));
        Assert.Contains(" yes  in memory\n        The hypervisor in this process needs nothing.\n", text.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_bus_it_says_so()
    {
        DoctorFinding uio = Find("Linux guest (uio_hv_generic)");
        Assert.False(uio.Works);
        Assert.Contains("modprobe hv_vmbus", Assert.Single(uio.Missing), StringComparison.Ordinal);
        Assert.Contains("/dev/kvm", Find("KVM host").Found, StringComparison.Ordinal);
        Assert.Contains("kvm-amd", Assert.Single(Find("KVM host").Missing), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_guest_it_says_what_is_missing_still()
    {
        _root.CreateSubdirectory("sys/bus/vmbus/devices");
        DoctorFinding uio = Find("Linux guest (uio_hv_generic)", isRoot: false);
        Assert.False(uio.Works);
        Assert.Equal(["The driver uio_hv_generic is not loaded (modprobe uio_hv_generic).", "Binding devices and opening /dev/uioN need root."], uio.Missing);
        _root.CreateSubdirectory("sys/bus/vmbus/drivers/uio_hv_generic");
        Assert.True(Find("Linux guest (uio_hv_generic)").Works);
    }

    [Theory]
    [InlineData("6.1.0-28-amd64", "does not bind|hv_uio_rescind|do not wait on subchannels|says 4 MiB|rmmod hv_vmbus|hv_kvp_daemon|hvs_close_timeout")]
    [InlineData("5.15.167.4-microsoft-standard-WSL2", "does not bind|hv_uio_rescind|do not wait on subchannels|says 4 MiB")]
    [InlineData("6.12.40+deb13-amd64", "says 4 MiB|rmmod hv_vmbus|hv_kvp_daemon")]
    [InlineData("6.12.57+deb13-amd64", "rmmod hv_vmbus|hv_kvp_daemon")]
    [InlineData("6.14-rc3", "do not wait on subchannels|says 4 MiB")]
    [InlineData("6.15.0", "")]
    public void A_guests_kernel_is_told_with_its_known_faults(string release, string faults)
    {
        _root.CreateSubdirectory("sys/bus/vmbus/devices");
        _root.CreateSubdirectory("proc/sys/kernel");
        File.WriteAllText(Path.Combine(_root.FullName, "proc/sys/kernel/osrelease"), release + "\n");
        DoctorFinding kernel = Find("this guest's kernel");
        Assert.Equal(faults.Length == 0, kernel.Works);
        Assert.Contains(release, kernel.Found, StringComparison.Ordinal);
        Assert.Equal(faults.Split('|', StringSplitOptions.RemoveEmptyEntries).Length, kernel.Missing.Count);
        Assert.All(faults.Split('|', StringSplitOptions.RemoveEmptyEntries).Zip(kernel.Missing), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("six")]
    [InlineData("6")]
    public void A_kernel_without_a_version_is_left_out(string release)
    {
        Assert.Null(KernelFaults.Of(release));
        Assert.DoesNotContain(new Diagnosis(_root.FullName, true).All(), finding => finding.Backend == "this guest's kernel");
    }

    [Fact]
    public void Device_nodes_are_found_and_take_root()
    {
        Assert.False(Find("key-value pairs (hv_kvp)").Works);
        _root.CreateSubdirectory("dev/vmbus");
        File.WriteAllText(Path.Combine(_root.FullName, "dev/vmbus/hv_kvp"), "");
        Assert.True(Find("key-value pairs (hv_kvp)").Works);
        Assert.Equal(["Opening it needs root."], Find("key-value pairs (hv_kvp)", isRoot: false).Missing);
    }

    [Theory]
    [InlineData(65530, 1024, 524288, "")]
    [InlineData(32768, 1024, 6141, "")]
    [InlineData(32767, 1024, 6141, "16384 mappings, and a process without any left ends (sysctl vm.max_map_count=65530)")]
    [InlineData(65530, 1024, 6140, "takes up to 3 files: 2046 channels at once")]
    [InlineData(1000, 256, 1024, "vm.max_map_count|341 channels at once")]
    public void What_a_host_may_spend_is_told_and_what_is_too_little_for_a_guest(int mappings, int soft, int hard, string missing)
    {
        _root.CreateSubdirectory("proc/sys/vm");
        _root.CreateSubdirectory("proc/self");
        File.WriteAllText(Path.Combine(_root.FullName, "proc/sys/vm/max_map_count"), $"{mappings}\n");
        File.WriteAllText(Path.Combine(_root.FullName, "proc/self/limits"),
            $"Limit                     Soft Limit           Hard Limit           Units     \nMax processes             95921                95921                processes \nMax open files            {soft,-20} {hard,-20} files     \n");
        DoctorFinding limits = Find("limits of a host's process");
        Assert.Equal($"A process may have {mappings} mappings and {hard} open files.", limits.Found);
        string[] wanted = missing.Split('|', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((wanted.Length == 0, wanted.Length), (limits.Works, limits.Missing.Count));
        Assert.All(wanted.Zip(limits.Missing), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Fact]
    public void Limits_that_the_kernel_does_not_tell_are_left_out() =>
        Assert.DoesNotContain(new Diagnosis(_root.FullName, true).All(), finding => finding.Backend == "limits of a host's process");

    [Fact]
    public void A_KVM_that_is_none_is_told_with_its_error()
    {
        _root.CreateSubdirectory("dev");
        File.WriteAllText(Path.Combine(_root.FullName, "dev/kvm"), "");
        DoctorFinding kvm = Find("KVM host");
        Assert.False(kvm.Works);
        Assert.Contains("KVM_GET_API_VERSION", kvm.Found, StringComparison.Ordinal);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private DoctorFinding Find(string backend, bool isRoot = true) => new Diagnosis(_root.FullName, isRoot).All().Single(finding => finding.Backend == backend);
}
