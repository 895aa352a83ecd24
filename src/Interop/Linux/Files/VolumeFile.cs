// A mounted file system by its root folder. Mirrors FIFREEZE and FITHAW (Linux include/uapi/linux/fs.h, fs/ioctl.c: ioctl_fsfreeze,
// ioctl_fsthaw). Takes CAP_SYS_ADMIN.

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>An open root folder. Thread-safe.</summary>
[SupportedOSPlatform("linux")]
internal sealed class VolumeFile : FileDescriptorHandle
{
    internal static readonly uint FreezeNumber = IoctlNumber.WriteRead<int>((byte)'X', 119);   // _IOWR('X', 119, int)
    internal static readonly uint ThawNumber = IoctlNumber.WriteRead<int>((byte)'X', 120);     // _IOWR('X', 120, int)

    private VolumeFile(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Opens the root folder of a file system.</summary>
    /// <param name="path">Where it is mounted.</param>
    /// <param name="error">Why not.</param>
    public static VolumeFile? TryOpen(string path, out Errno error)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int descriptor = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenFolder | Libc.OpenCloseOnExec, 0);
        error = descriptor < 0 ? Libc.LastError : Errno.None;
        return descriptor < 0 ? null : new VolumeFile(descriptor);
    }

    /// <summary>Writes out what is to be written, and holds back what comes: until <see cref="Thaw"/>, whatever becomes of this process.</summary>
    /// <returns><see cref="Errno.Busy"/> when it is frozen already; <see cref="Errno.NotSupported"/> of one that cannot be.</returns>
    public Errno Freeze() => Control(FreezeNumber);

    /// <summary>Lets writes through.</summary>
    /// <returns><see cref="Errno.InvalidArgument"/> when it is not frozen.</returns>
    public Errno Thaw() => Control(ThawNumber);

    private unsafe Errno Control(uint request)
    {
        while (true)
        {
            Errno error = Libc.Control(this, request, null) < 0 ? Libc.LastError : Errno.None;
            if (error != Errno.Interrupted)
                return error;
        }
    }
}
