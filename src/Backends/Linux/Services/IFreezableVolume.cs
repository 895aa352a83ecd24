using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>A file system to freeze. The kernel's is <see cref="MountedVolume"/>; tests have their own.</summary>
internal interface IFreezableVolume : IDisposable
{
    /// <summary>Holds back writes.</summary>
    Errno Freeze();

    /// <summary>Lets writes through.</summary>
    Errno Thaw();
}
