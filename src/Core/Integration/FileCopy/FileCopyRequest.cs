// What a host wants to put down: hv_start_fcopy (Linux include/uapi/linux/hyperv.h), its names as text.

namespace VmBus.Integration;

/// <summary>A file that a host copies into a guest.</summary>
/// <remarks>
/// Both names are sent as UTF-16, at most 259 units, without zeros or unpaired surrogates. Which names a guest
/// accepts is its own decision: see <see cref="TryGetFolders"/>.
/// </remarks>
public sealed record FileCopyRequest
{
    /// <summary>Creates the request.</summary>
    /// <param name="fileName">The file's name, without its folder.</param>
    /// <param name="path">The folder, with slashes or backslashes.</param>
    /// <param name="size">Bytes of the file.</param>
    /// <exception cref="ArgumentException">A name is too long, or not valid UTF-16 without zeros.</exception>
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

    /// <summary>Whether to replace an existing file of that name.</summary>
    public bool Overwrite
    {
        get => (Flags & IcFileCopyFlags.Overwrite) != 0;
        init => Flags = value ? Flags | IcFileCopyFlags.Overwrite : Flags & ~IcFileCopyFlags.Overwrite;
    }

    /// <summary>Whether to create the folders of the path.</summary>
    public bool CreatePath
    {
        get => (Flags & IcFileCopyFlags.CreatePath) != 0;
        init => Flags = value ? Flags | IcFileCopyFlags.CreatePath : Flags & ~IcFileCopyFlags.CreatePath;
    }

    /// <summary>Both of these as they are sent. Unknown flags may be set.</summary>
    internal IcFileCopyFlags Flags { get; init; }

    /// <summary>
    /// Whether both names are plain: the file name is a single name, not <c>.</c> or <c>..</c>, and no folder of the path is
    /// <c>..</c>. Backslashes separate like slashes; empty names and <c>.</c> between them are ignored.
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
