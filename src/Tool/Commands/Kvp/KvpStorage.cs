// The pool files as the command meets them: errors are lines that say what to do.

using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Tool;

#pragma warning disable CA1416 // Elsewhere than on Linux the constructor throws.

/// <summary>The pairs of this guest.</summary>
internal sealed class KvpStorage
{
    private readonly KvpPoolFiles _files;

    /// <summary>Finds the folder.</summary>
    /// <param name="directory">Where the pool files are.</param>
    /// <exception cref="ToolException">It is not there, or this is no Linux.</exception>
    public KvpStorage(string directory)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("the pool files need a Linux guest, and this is not Linux");
        if (!System.IO.Directory.Exists(directory))
        {
            throw new ToolException(File.Exists(directory)
                ? $"'{directory}' is not a folder"
                : $"there is no folder '{directory}': hv_kvp_daemon makes it, and so does 'vmbus kvp --serve'; name another with --dir");
        }

        Directory = directory;
        _files = new KvpPoolFiles(directory);
    }

    /// <summary>Where the files are.</summary>
    public string Directory { get; }

    /// <summary>All pairs of some pools.</summary>
    public IReadOnlyList<KvpPair> Read(IEnumerable<IcKvpPool> pools) => Tried(() => (IReadOnlyList<KvpPair>)
        [.. pools.SelectMany(pool => _files.ReadAll(pool).Select(pair => new KvpPair(pool, pair.Key, pair.Value)))]);

    /// <summary>Sets a pair.</summary>
    public void Set(IcKvpPool pool, string key, string value)
    {
        if (value.Length > KvpValue.MaxTextLength || value.Contains('\0', StringComparison.Ordinal))
            throw new UsageException($"the value has {value.Length} UTF-16 units: hosts take up to {KvpValue.MaxTextLength}, without zeros");
        Check(Tried(() => _files.Set(pool, key, KvpValue.Of(value))), pool);
    }

    /// <summary>Adds pairs behind the last.</summary>
    public void Append(IcKvpPool pool, IReadOnlyList<(string Key, string Value)> pairs) => Check(Tried(() => _files.Append(pool, pairs)), pool);

    /// <summary>Deletes a pair.</summary>
    /// <exception cref="ToolException">It is not there.</exception>
    public void Delete(IcKvpPool pool, string key)
    {
        if (Tried(() => _files.Delete(pool, key)) != IcStatus.Success)
            throw Missing(key, pool);
    }

    /// <summary>The error of a key that is not there.</summary>
    public ToolException Missing(string key, IcKvpPool? pool) =>
        new($"no key '{OneLine.Of(key)}' in {(pool is { } one ? $"the pool {one.Name()}" : "any pool")} of {Directory}");

    private void Check(IcStatus status, IcKvpPool pool)
    {
        switch (status)
        {
            case IcStatus.Success:
                return;
            case IcStatus.InvalidArgument:
                throw new UsageException("a key has 1 to 511 bytes of UTF-8, a value up to 2047, without zero bytes");
            case IcStatus.DiskFull:
                throw new ToolException($"the pool {pool.Name()} of {Directory} is full: it has 1024 pairs, or the disk has no room");
            default:
                throw new ToolException($"the pool {pool.Name()} of {Directory} could not be changed: status 0x{(uint)status:x8}");
        }
    }

    private static T Tried<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (UnauthorizedAccessException error)
        {
            throw new ToolException($"{error.Message.TrimEnd('.')}: changing pairs needs root, since hv_kvp_daemon owns them", error);
        }
        catch (IOException error)
        {
            throw new ToolException(error.Message.TrimEnd('.'), error);
        }
    }
}
