using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>A freezer whose steps a test plays.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptedFreezer : IVolumeFreezer
{
    public Func<IcStatus> Checks { get; set; } = static () => IcStatus.Success;

    public Func<IcStatus> Freezes { get; set; } = static () => IcStatus.Success;

    public Func<IcStatus> Thaws { get; set; } = static () => IcStatus.Success;

    public IcStatus CheckHotBackup() => Checks();

    public IcStatus Freeze() => Freezes();

    public IcStatus Thaw() => Thaws();
}
