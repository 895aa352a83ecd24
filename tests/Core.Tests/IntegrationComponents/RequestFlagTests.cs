using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

public class RequestFlagTests
{
    [Fact]
    public void A_file_is_replaced_and_folders_are_made_by_one_flag_each()
    {
        var plain = new FileCopyRequest("f", "p", 1);
        Assert.Equal(IcFileCopyFlags.None, plain.Flags);
        Assert.Equal(IcFileCopyFlags.Overwrite, (plain with { Overwrite = true }).Flags);
        Assert.Equal(IcFileCopyFlags.CreatePath, (plain with { CreatePath = true }).Flags);
        var both = new FileCopyRequest("f", "p", 1) { Overwrite = true, CreatePath = true };
        Assert.Equal(new FileCopyRequest("f", "p", 1, IcFileCopyFlags.Overwrite | IcFileCopyFlags.CreatePath), both);
        Assert.Equal((false, true), ((both with { Overwrite = false }).Overwrite, both.CreatePath));
    }

    [Fact]
    public void A_shutdown_is_forced_restarts_and_hibernates_by_one_flag_each()
    {
        Assert.Equal(new ShutdownRequest(IcShutdownFlags.None), new ShutdownRequest());
        Assert.Equal(IcShutdownFlags.Force, new ShutdownRequest { Force = true }.Flags);
        Assert.Equal(IcShutdownFlags.Restart, new ShutdownRequest { Restart = true }.Flags);
        Assert.Equal(IcShutdownFlags.Hibernate, new ShutdownRequest { Hibernate = true }.Flags);
        var all = new ShutdownRequest { Force = true, Restart = true, Hibernate = true };
        Assert.Equal((true, true, true), (all.Force, all.Restart, all.Hibernate));
        Assert.Equal(IcShutdownFlags.Force, (all with { Restart = false, Hibernate = false }).Flags);
    }
}
