using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class VmBusBindingTests : IDisposable
{
    private static readonly Guid Network = new("ed963694-e847-4b2a-85af-bc9cfc11d6f3");
    private static readonly Guid NetworkClass = new("f8615163-df3e-46c5-913f-f2d2f965ed0e");
    private static readonly Guid Balloon = new("1eccfd72-4b41-45ef-b73a-4a6e44c12924");

    private readonly SysfsTree _tree = SysfsTree.Load("synthetic-linux-6.12.tree");
    private readonly StandInKernel _kernel;

    public VmBusBindingTests() => _kernel = new StandInKernel(_tree);

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_device_goes_from_its_driver_to_UIO_and_back_when_asked()
    {
        using (Bind(Network, undo: true))
            Assert.Equal(("uio_hv_generic", "uio_hv_generic"), State(Network));

        Assert.Equal(("hv_netvsc", null), State(Network));
        Assert.Equal(
            [
                "driver_override: uio_hv_generic", $"hv_netvsc/unbind: {Network}", $"uio_hv_generic/bind: {Network}",
                $"uio_hv_generic/unbind: {Network}", $"hv_netvsc/bind: {Network}", "driver_override: ",
            ],
            _kernel.Writes);
    }

    [Fact]
    public void A_binding_stays_when_undoing_was_not_asked_for()
    {
        Bind(Network, undo: false).Dispose();
        Assert.Equal(("uio_hv_generic", "uio_hv_generic"), State(Network));
    }

    [Fact]
    public void A_device_bound_already_is_left_as_it_is()
    {
        Bind(Balloon, undo: true).Dispose();
        Assert.Empty(_kernel.Writes);
    }

    [Fact]
    public void A_kernel_without_override_takes_the_class_instead()
    {
        File.Delete(_tree.Full($"bus/vmbus/devices/{Network}/driver_override"));
        using (Bind(Network, undo: true))
            Assert.Equal("uio_hv_generic", State(Network).Driver);
        Assert.Equal("hv_netvsc", State(Network).Driver);
        Assert.Equal($"uio_hv_generic/remove_id: {NetworkClass}", _kernel.Writes[^1]);
    }

    [Fact]
    public void A_class_binds_what_has_no_driver_and_leaves_the_rest()
    {
        using (VmBusBinding.BindClass(_tree.Sysfs, NetworkClass, true, _kernel.Write))
            Assert.Equal("hv_netvsc", State(Network).Driver);
        File.Delete(_tree.Full($"bus/vmbus/devices/{Network}/driver"));
        VmBusBinding.BindClass(_tree.Sysfs, NetworkClass, false, _kernel.Write).Dispose();
        Assert.Equal("uio_hv_generic", State(Network).Driver);

        // Another who asks for it again undoes nothing that is not his.
        int writes = _kernel.Writes.Count;
        VmBusBinding.BindClass(_tree.Sysfs, NetworkClass, true, _kernel.Write).Dispose();
        Assert.Equal(writes + 1, _kernel.Writes.Count);
    }

    [Fact]
    public void Unbinding_takes_the_override_back_and_has_the_kernel_look_again()
    {
        VmBusBinding.Unbind(_tree.Sysfs, Balloon, probe: true, _kernel.Write);
        Assert.Equal((null, null), State(Balloon));
        Assert.Equal($"vmbus/drivers_probe: {Balloon}", _kernel.Writes[^1]);
    }

    [Theory]
    [InlineData("/driver_override", Errno.AccessDenied, LinuxGuestError.NotPermitted, "root")]
    [InlineData("hv_netvsc/unbind", Errno.OperationNotPermitted, LinuxGuestError.NotPermitted, "root")]
    [InlineData("hv_netvsc/unbind", Errno.Busy, LinuxGuestError.InUse, "in use")]
    [InlineData("uio_hv_generic/bind", (Errno)524, LinuxGuestError.KernelTooOld, "monitor")]
    [InlineData("uio_hv_generic/bind", Errno.NoSuchDevice, LinuxGuestError.Refused, "monitor")]
    [InlineData("uio_hv_generic/bind", Errno.OutOfMemory, LinuxGuestError.Refused, "errno 12")]
    internal void A_refusal_says_what_to_do_and_leaves_things_as_they_were(string file, Errno errno, LinuxGuestError error, string advice)
    {
        _kernel.Refusals[file.StartsWith('/') ? Network + file : file] = errno;

        LinuxGuestException thrown = Assert.Throws<LinuxGuestException>(() => Bind(Network, undo: false));

        Assert.Equal(error, thrown.Error);
        Assert.Contains(advice, thrown.Message, StringComparison.Ordinal);
        Assert.Equal(("hv_netvsc", null), State(Network));
    }

    [Fact]
    public void What_cannot_be_undone_is_told_too_and_the_other_steps_are_taken()
    {
        _kernel.Refusals["uio_hv_generic/bind"] = Errno.OutOfMemory;
        _kernel.Refusals["hv_netvsc/bind"] = Errno.Busy;

        LinuxGuestException thrown = Assert.Throws<LinuxGuestException>(() => Bind(Network, undo: false));

        Assert.Contains("errno 12", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("in use", thrown.Message, StringComparison.Ordinal);
        Assert.Equal((null, null), State(Network));
    }

    // A name is a name: no path that leads to what happens to be there.
    [Theory]
    [InlineData("../drivers/uio_hv_generic")]
    [InlineData("./uio_hv_generic")]
    [InlineData("uio_hv_generic/../hv_netvsc")]
    [InlineData(".")]
    [InlineData("..")]
    public void A_driver_that_is_a_path_is_none(string driver)
    {
        LinuxGuestException thrown = Assert.Throws<LinuxGuestException>(() => VmBusBinding.Bind(_tree.Sysfs, Network, false, _kernel.Write, driver));
        Assert.Equal(LinuxGuestError.NoModule, thrown.Error);
    }

    [Fact]
    public void Without_the_module_the_error_names_it()
    {
        Directory.Delete(_tree.Full("bus/vmbus/drivers/uio_hv_generic"));
        LinuxGuestException thrown = Assert.Throws<LinuxGuestException>(() => Bind(Network, undo: false));
        Assert.Equal(LinuxGuestError.NoModule, thrown.Error);
        Assert.Contains("modprobe uio_hv_generic", thrown.Message, StringComparison.Ordinal);
        Assert.Empty(_kernel.Writes);
    }

    [Fact]
    public void A_device_that_is_not_there_is_named()
    {
        Guid nobody = new("12345678-0000-0000-0000-000000000000");
        Assert.Contains(nobody.ToString(), Assert.Throws<LinuxGuestException>(() => Bind(nobody, undo: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_are_written_as_they_are_and_never_made()
    {
        Assert.Equal(Errno.NoSuchFile, SysfsWriter.WriteFile(_tree.Full("bus/vmbus/nothing"), "x"));
        _tree.Write("bus/vmbus/drivers_probe", "");
        Assert.Equal(Errno.None, SysfsWriter.WriteFile(_tree.Full("bus/vmbus/drivers_probe"), "ed96"));
        Assert.Equal("ed96", _tree.Read("bus/vmbus/drivers_probe"));
    }

    private VmBusBinding Bind(Guid instance, bool undo) => VmBusBinding.Bind(_tree.Sysfs, instance, undo, _kernel.Write);

    private (string? Driver, string? Override) State(Guid instance)
    {
        SysfsDevice device = _tree.Sysfs.FindDevice(instance)!;
        return (device.Driver, device.DriverOverride);
    }
}
