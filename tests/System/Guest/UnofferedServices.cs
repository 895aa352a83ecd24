using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.SystemTest;

/// <summary>The services of hv_utils. This host offers none that a daemon answers for: what a guest without them is told.</summary>
internal static class UnofferedServices
{
    public static void RequireNothing()
    {
        Steps.Run("insmod", "/modules/hv_utils.ko");
        RequireMissing(() => KvpDaemon.Open(new KvpPoolFiles()));
        RequireMissing(() => VssDaemon.Open(new NoFreezer()));
    }

    private static void RequireMissing(Func<UtilDaemon> open)
    {
        try
        {
            open().Dispose();
        }
        catch (LinuxGuestException error) when (error.Error == LinuxGuestError.NoModule)
        {
            Console.WriteLine(error.Message);
            return;
        }
        throw new FailedException("a device that is not offered was opened");
    }

    private sealed class NoFreezer : IVolumeFreezer
    {
        public IcStatus Freeze() => IcStatus.NotSupported;

        public IcStatus Thaw() => IcStatus.NotSupported;
    }
}
