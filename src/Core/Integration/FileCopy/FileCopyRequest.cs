// What a host wants to put down: hv_start_fcopy (Linux include/uapi/linux/hyperv.h), its names as text.

namespace VmBus.Integration;

/// <summary>A file that a host copies into a guest.</summary>
/// <remarks>
/// Both names are UTF-16 on the wire, 259 units at most, and hold no zero and no half of a surrogate pair. Which names a guest
/// takes is its own decision: see <see cref="TryGetFolders"/>.
/// </remarks>
public sealed record FileCopyRequest
{
    /// <summary>Makes the request.</summary>
    /// <param name="fileName">The file's name, without its folder.</param>
    /// <param name="path">The folder, with slashes or backslashes.</param>
    /// <param name="size">Bytes of the file.</param>
    /// <exception cref="ArgumentException">A name is too long, or cannot be written in UTF-16 of the wire.</exception>
    public FileCopyRequest(string fileName, string path, ulong size) : this(fileName, path, size, IcFileCopyFlags.None)
    {
    }

    internal FileCopyRequest(string fileName, string path, ulong size, IcFileCopyFlags flags)
    {
        FileName = FileCopyText.Checked(fileName);
        Path = FileCopyText.Checked(path);
        Size = size;
        Flags = flags;
    }

    /// <summary>The file's name, without its folder.</summary>
    public string FileName { get; }

    /// <summary>The folder, as the host wrote it.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public ulong Size { get; }

    /// <summary>Whether a file of that name is replaced.</summary>
    public bool Overwrite
    {
        get => (Flags & IcFileCopyFlags.Overwrite) != 0;
        init => Flags = value ? Flags | IcFileCopyFlags.Overwrite : Flags & ~IcFileCopyFlags.Overwrite;
    }

    /// <summary>Whether the folders of the path are made.</summary>
    public bool CreatePath
    {
        get => (Flags & IcFileCopyFlags.CreatePath) != 0;
        init => Flags = value ? Flags | IcFileCopyFlags.CreatePath : Flags & ~IcFileCopyFlags.CreatePath;
    }

    /// <summary>Both of these as they are sent. Unknown flags may be set.</summary>
    internal IcFileCopyFlags Flags { get; init; }

    /// <summary>
    /// Whether both names are plain: the file's is one name and not <c>.</c> or <c>..</c>, and no folder of the path is <c>..</c>.
    /// Backslashes separate as slashes do; empty names and <c>.</c> between them mean nothing.
    /// </summary>
    /// <param name="folders">The folders of the path, the outermost first; empty when the names are not plain.</param>
    /// <param name="isAbsolute">Whether the path begins at the root.</param>
    public bool TryGetFolders(out IReadOnlyList<string> folders, out bool isAbsolute)
    {
        isAbsolute = Path.Length > 0 && Path[0] is '/' or '\\';
        string[] names = [.. Path.Split('/', '\\').Where(name => name is not ("" or "."))];
        bool isPlain = FileName is not ("" or "." or "..") && FileName.AsSpan().IndexOfAny('/', '\\') < 0 && !names.Contains("..");
        folders = isPlain ? names : [];
        return isPlain;
    }
}
