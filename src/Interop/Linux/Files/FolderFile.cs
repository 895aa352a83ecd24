// An open folder, by which files in it are made and named whatever becomes of its path. Mirrors the *at calls of open(2),
// openat2(2), mkdir(2), link(2), rename(2) and unlink(2).

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// An open folder. Names are single names: with a slash in one, the kernel follows what is there. Errors are answers, because
/// most of them mean something: exists already, no room, leads out.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class FolderFile : FileDescriptorHandle
{
    private const int MostTries = 100;

    private FolderFile(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Opens a folder by a path that is trusted.</summary>
    /// <exception cref="ErrnoException">It is not there, no folder, or not readable.</exception>
    public static FolderFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int descriptor = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenFolder | Libc.OpenCloseOnExec, 0);
        return descriptor >= 0 ? new FolderFile(descriptor) : throw ErrnoException.FromLastCall($"open of the folder {path}");
    }

    /// <summary>Opens a folder by a path from here, which may hold symbolic links but none of the kernel's own (/proc/PID/fd).</summary>
    /// <param name="path">The path, relative.</param>
    /// <param name="isRoot">
    /// Whether this folder is the root for the path: absolute links begin here. Otherwise what leads out of it, on any way, is
    /// <see cref="Errno.CrossDevice"/>.
    /// </param>
    /// <param name="folder">The folder.</param>
    /// <returns>
    /// <see cref="Errno.NoSuchCall"/> on kernels before 5.6; <see cref="Errno.TryAgain"/> when others rename on the way without end.
    /// </returns>
    public unsafe Errno TryOpenBeneath(string path, bool isRoot, out FolderFile? folder)
    {
        OpenHow how = new()
        {
            Flags = (ulong)(Libc.OpenReadOnly | Libc.OpenFolder | Libc.OpenCloseOnExec),
            Resolve = Libc.ResolveNoMagicLinks | (isRoot ? Libc.ResolveInRoot : Libc.ResolveBeneath),
        };
        for (int tries = 1; ; tries++)
        {
            nint descriptor = Libc.OpenAt2(Libc.OpenAt2Number, this, path, &how, (nuint)sizeof(OpenHow));

            // TryAgain: something was renamed on the way, and the kernel cannot tell whether the path leads out.
            Errno error = descriptor < 0 ? Libc.LastError : Errno.None;
            if (error == Errno.Interrupted || (error == Errno.TryAgain && tries < MostTries))
                continue;
            folder = error == Errno.None ? new FolderFile((int)descriptor) : null;
            return error;
        }
    }

    /// <summary>Opens a folder in this one that is no symbolic link.</summary>
    public Errno TryOpen(string name, out FolderFile? folder)
    {
        Errno error = OpenAt(name, Libc.OpenReadOnly | Libc.OpenFolder | Libc.OpenNoFollow, 0, out int descriptor);
        folder = error == Errno.None ? new FolderFile(descriptor) : null;
        return error;
    }

    /// <summary>Makes a folder in this one.</summary>
    public Errno MakeFolder(string name, UnixFileMode mode) => Answer(Libc.MakeFolderAt(this, name, (uint)mode));

    /// <summary>Makes a file without a name on this folder's file system: gone when it is closed, unless it was linked.</summary>
    /// <returns><see cref="Errno.NotSupported"/> or <see cref="Errno.IsFolder"/> where there are no such files.</returns>
    public Errno TryCreateUnnamed(UnixFileMode mode, out RegularFile? file) => TryCreate(".", Libc.OpenUnnamed, mode, out file);

    /// <summary>Makes a file that was not there, not through a symbolic link either.</summary>
    public Errno TryCreate(string name, UnixFileMode mode, out RegularFile? file) => TryCreate(name, Libc.OpenCreate | Libc.OpenExclusive, mode, out file);

    /// <summary>Names an open file, if nothing has that name.</summary>
    /// <param name="file">The file, with or without a name.</param>
    /// <param name="name">Its name here.</param>
    public Errno Link([NotNull] RegularFile file, string name)
        => Answer(Libc.LinkAt(Libc.CurrentFolder, $"/proc/self/fd/{file.Descriptor}", this, name, Libc.FollowLink));

    /// <summary>Gives a file of this folder a second name, if nothing has that name.</summary>
    public Errno Link(string from, string to) => Answer(Libc.LinkAt(Descriptor, from, this, to, 0));

    /// <summary>Renames a file within this folder in one step.</summary>
    /// <param name="from">Its name.</param>
    /// <param name="to">Its new name.</param>
    /// <param name="replace">
    /// Whether what has the new name goes; otherwise the answer is <see cref="Errno.AlreadyExists"/> then, and
    /// <see cref="Errno.InvalidArgument"/> on file systems that cannot tell.
    /// </param>
    public Errno Rename(string from, string to, bool replace)
        => Answer((int)Libc.RenameAt2(Libc.RenameAt2Number, this, from, this, to, replace ? 0 : Libc.RenameNoReplace));

    /// <summary>Removes a file, or a symbolic link.</summary>
    public Errno Remove(string name) => Answer(Libc.UnlinkAt(this, name, 0));

    /// <summary>Whether something has a name, if only a symbolic link to nowhere.</summary>
    public unsafe bool Exists(string name)
    {
        StatxBuffer status;
        return Libc.Statx(this, name, Libc.NoFollow, 0, &status) == 0;
    }

    /// <summary>Whether a name is a Unix-domain socket's, and no symbolic link to one.</summary>
    public unsafe bool HasSocket(string name)
    {
        StatxBuffer status;
        return Libc.Statx(this, name, Libc.NoFollow, Libc.StatxType, &status) == 0 && (status.Mode & Libc.TypeMask) == Libc.SocketFile;
    }

    /// <summary>Waits until the disk has the names of this folder.</summary>
    public Errno Synchronize() => Synchronize(this);

    internal static Errno Synchronize(SafeHandle descriptor) => Answer(Libc.Synchronize(descriptor));

    private static Errno Answer(int result) => result < 0 ? Libc.LastError : Errno.None;

    private Errno TryCreate(string name, int flags, UnixFileMode mode, out RegularFile? file)
    {
        Errno error = OpenAt(name, Libc.OpenWriteOnly | flags, (int)mode, out int descriptor);
        file = error == Errno.None ? new RegularFile(descriptor) : null;
        return error;
    }

    private Errno OpenAt(string name, int flags, int mode, out int descriptor)
    {
        while (true)
        {
            descriptor = Libc.OpenAt(this, name, flags | Libc.OpenCloseOnExec, mode);
            Errno error = descriptor < 0 ? Libc.LastError : Errno.None;
            if (error != Errno.Interrupted)
                return error;
        }
    }
}
