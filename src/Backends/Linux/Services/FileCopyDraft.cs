using System.Runtime.Versioning;
using System.Security.Cryptography;
using VmBus.Integration;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>A file of a <see cref="FileCopyFolder"/> that is not whole yet.</summary>
/// <param name="folder">Its folder; closed with it.</param>
/// <param name="file">The file; closed with it.</param>
/// <param name="hidden">The name it has until it is whole; <see langword="null"/> when it has none.</param>
/// <param name="name">Its name.</param>
/// <param name="isReplaced">Whether what has the name goes.</param>
/// <param name="gaps">What is not to be used.</param>
[SupportedOSPlatform("linux")]
internal sealed class FileCopyDraft(FolderFile folder, RegularFile file, string? hidden, string name, bool isReplaced, KernelGaps gaps) : IFileCopyFile
{
    // A host waits some seconds for each answer: the last must not have to wait for gigabytes to reach the disk.
    private const long SynchronizedEvery = 32 << 20;

    private string? _hidden = hidden;
    private long _unsynchronized;

    /// <summary>What a host is answered to an error of the kernel's.</summary>
    public static FileCopyVerdict Verdict(string what, Errno error)
    {
        if (error == Errno.None)
            return FileCopyVerdict.Success;
        IcStatus status = error switch
        {
            Errno.NoSpace or Errno.QuotaExceeded or Errno.FileTooLarge => IcStatus.DiskFull,
            Errno.AlreadyExists => IcStatus.AlreadyExists,
            Errno.CrossDevice => IcStatus.InvalidArgument,
            _ => IcStatus.Fail,
        };
        return new FileCopyVerdict(status, error == Errno.CrossDevice ? $"{what}: a symbolic link leads out of the root" : new ErrnoException(what, error).Message);
    }

    public FileCopyVerdict Write(long offset, ReadOnlySpan<byte> data)
    {
        Errno error = file.WriteAt(offset, data);
        _unsynchronized += data.Length;
        if (error == Errno.None && _unsynchronized >= SynchronizedEvery)
        {
            _unsynchronized = 0;
            error = file.Synchronize();
        }

        return Verdict("writing it", error);
    }

    public FileCopyVerdict Complete()
    {
        Errno error = file.Synchronize();
        if (error != Errno.None)
            return Verdict("writing it to the disk", error);
        error = _hidden is null ? NameUnnamed() : NameHidden();
        if (error != Errno.None)
            return Verdict("giving it its name", error);

        // The file is whole and has its name. What an error here would say, that a power cut may take the name back, no caller
        // could act on; some file systems answer it always.
        _ = folder.Synchronize();
        return FileCopyVerdict.Success;
    }

    public void Dispose()
    {
        if (_hidden is not null)
            _ = folder.Remove(_hidden);
        file.Dispose();
        folder.Dispose();
    }

    private Errno NameUnnamed()
    {
        Errno error = folder.Link(file, name);
        if (error != Errno.AlreadyExists || !isReplaced)
            return error;

        // A link replaces nothing, a rename does, and that takes a name.
        string between = NewHiddenName();
        error = folder.Link(file, between);
        if (error != Errno.None)
            return error;
        _hidden = between;
        return NameHidden();
    }

    private Errno NameHidden()
    {
        Errno error = !isReplaced && (gaps & KernelGaps.NoExclusiveRename) != 0
            ? Errno.InvalidArgument
            : folder.Rename(_hidden!, name, isReplaced);
        if (error is Errno.InvalidArgument or Errno.NoSuchCall && !isReplaced)
        {
            // The link fails when the name is taken; the hidden name goes when this is disposed.
            return folder.Link(_hidden!, name);
        }

        if (error == Errno.None)
            _hidden = null;
        return error;
    }

    /// <summary>A name that no other file has, and that a listing does not show.</summary>
    internal static string NewHiddenName() => $".vmbus-fcopy-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
}
