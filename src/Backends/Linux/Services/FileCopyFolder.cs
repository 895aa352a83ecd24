// Where a host's files land in a Linux guest. Does what hv_fcopy_create_file of Linux tools/hv/hv_fcopy_uio_daemon.c does, by
// descriptors instead of paths: what a name means cannot change between a look and a use.

using System.Runtime.Versioning;
using System.Text;
using VmBus.Integration;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>Stores files only below a folder. Each file appears complete under its name, in one step, or not at all.</summary>
/// <remarks>
/// <para>A file has no name until it is complete (<c>O_TMPFILE</c>; if the file system does not support it, a hidden name in
/// the file's folder), so that even a killed process leaves no partial file.</para>
/// <para>The path is relative to the root; an absolute one must begin with the root's own. Symbolic links are followed if they
/// stay below the root; with the root <c>/</c>, all of them are followed.</para>
/// <para>Not thread-safe. Files that were begun can outlive it.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class FileCopyFolder : IFileCopyTarget, IDisposable
{
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101;

    private const int MaxNameLength = 255;      // NAME_MAX

    private readonly FolderFile _root;
    private readonly string[] _rootNames;
    private readonly UnixFileMode _mode;
    private readonly KernelGaps _gaps;

    private FileCopyFolder(string root, UnixFileMode mode, KernelGaps gaps)
    {
        Root = Path.GetFullPath(root);
        _rootNames = Root.Split('/', StringSplitOptions.RemoveEmptyEntries);
        _mode = mode;
        _gaps = gaps;
        _root = FolderFile.Open(Root);
    }

    /// <summary>The root, as an absolute path.</summary>
    public string Root { get; }

    /// <summary>Opens a root.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="mode">
    /// The permissions of files, minus the process's umask: <c>rw-r--r--</c> by default. Folders get <c>rwxr-xr-x</c>.
    /// </param>
    /// <exception cref="System.ComponentModel.Win32Exception">It does not exist, is not a folder, or is not readable.</exception>
    public static FileCopyFolder Open(string root, UnixFileMode mode = (UnixFileMode)0b110_100_100) => Open(root, mode, KernelGaps.None);

    internal static FileCopyFolder Open(string root, UnixFileMode mode, KernelGaps gaps)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        return new FileCopyFolder(root, mode, gaps);
    }

    /// <inheritdoc/>
    public FileCopyVerdict Begin(FileCopyRequest request, out IFileCopyFile? file)
    {
        ArgumentNullException.ThrowIfNull(request);
        file = null;
        if (!request.TryGetFolders(out IReadOnlyList<string> folders, out bool isAbsolute))
            return new FileCopyVerdict(IcStatus.InvalidArgument, "its name is not a plain file name, or its path contains '..'");
        if (Encoding.UTF8.GetByteCount(request.FileName) > MaxNameLength)
            return new FileCopyVerdict(IcStatus.InvalidArgument, $"its name has more than {MaxNameLength} bytes of UTF-8");
        if (isAbsolute)
        {
            if (!folders.Take(_rootNames.Length).SequenceEqual(_rootNames))
                return new FileCopyVerdict(IcStatus.InvalidArgument, $"its path is not in {Root}");
            folders = [.. folders.Skip(_rootNames.Length)];
        }

        Errno error = OpenFolder(folders, (request.Flags & IcFileCopyFlags.CreatePath) != 0, out FolderFile? folder);
        if (folder is null)
            return FileCopyDraft.Verdict($"opening its folder {request.Path}", error);
        bool isReplaced = (request.Flags & IcFileCopyFlags.Overwrite) != 0;
        FileCopyVerdict verdict = IsTaken(folder, request.FileName, isReplaced)
            ? new FileCopyVerdict(IcStatus.AlreadyExists, isReplaced ? "a folder with its name already exists" : "its name already exists")
            : Create(folder, request.FileName, isReplaced, out file);
        if (file is null)
            folder.Dispose();
        return verdict;
    }

    /// <summary>Closes the root.</summary>
    public void Dispose() => _root.Dispose();

    // Looked at again when the file gets its name; this look spares the host the copying.
    private static bool IsTaken(FolderFile folder, string name, bool isReplaced)
    {
        if (!isReplaced)
            return folder.Exists(name);
        Errno error = folder.TryOpen(name, out FolderFile? inTheWay);
        inTheWay?.Dispose();
        return error is Errno.None or Errno.AccessDenied;
    }

    private FileCopyVerdict Create(FolderFile folder, string name, bool isReplaced, out IFileCopyFile? draft)
    {
        string? hidden = null;
        RegularFile? file = null;
        Errno error = (_gaps & KernelGaps.NoUnnamedFiles) != 0 ? Errno.NotSupported : folder.TryCreateUnnamed(_mode, out file);
        if (error is Errno.NotSupported or Errno.IsFolder or Errno.InvalidArgument)
        {
            hidden = FileCopyDraft.NewHiddenName();
            error = folder.TryCreate(hidden, _mode, out file);
        }

        draft = file is null ? null : new FileCopyDraft(folder, file, hidden, name, isReplaced, _gaps);
        return FileCopyDraft.Verdict("making it", error);
    }

    private Errno OpenFolder(IReadOnlyList<string> names, bool create, out FolderFile? folder)
    {
        Errno error = _root.TryOpen(".", out folder);
        for (int i = 0; i < names.Count && folder is not null; i++)
        {
            using FolderFile parent = folder;
            error = Step(parent, names, i, out folder);
            if (error != Errno.NoSuchFile || !create)
                continue;

            // Another may make it meanwhile, and then it is there too.
            error = parent.MakeFolder(names[i], FolderMode);
            if (error is Errno.None or Errno.AlreadyExists)
                error = Step(parent, names, i, out folder);
        }

        return error;
    }

    // From the root each time, since only the kernel can tell whether a link on the way stays below it. A kernel that cannot
    // follows no link at all.
    private Errno Step(FolderFile parent, IReadOnlyList<string> names, int last, out FolderFile? folder)
    {
        folder = null;
        Errno error = (_gaps & KernelGaps.NoResolving) != 0
            ? Errno.NoSuchCall
            : _root.TryOpenBeneath(string.Join('/', names.Take(last + 1)), _rootNames.Length == 0, out folder);
        return error == Errno.NoSuchCall ? parent.TryOpen(names[last], out folder) : error;
    }
}
