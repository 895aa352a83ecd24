// Key-value pairs in files. Mirrors the pool files of hv_kvp_daemon (Linux tools/hv/hv_kvp_daemon.c: kvp_record,
// kvp_key_add_or_modify, kvp_pool_enumerate), which other programs of a guest read and write, too.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Integration;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>
/// A file a pool, <c>.kvp_pool_0</c> to <c>.kvp_pool_4</c>: records of 2560 bytes, 512 of key and 2048 of value, each UTF-8
/// ended by a zero byte. Each call reads and writes the file itself, under the lock that <c>hv_kvp_daemon</c> takes.
/// </summary>
/// <remarks>
/// <para>Thread-safe, also with other processes that take the lock; a call waits for whoever has it. What follows the last
/// whole record is left aside. A file appears with its first pair.</para>
/// <para>When <see cref="IcKvpPool.Auto"/> is enumerated, the guest tells of itself instead (<see cref="KvpGuestPairs"/>).</para>
/// <para>What the file system refuses is thrown as <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>,
/// but for a full one: <see cref="IcStatus.DiskFull"/>.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class KvpPoolFiles : IKvpStore
{
    /// <summary>Where <c>hv_kvp_daemon</c> has its files.</summary>
    public const string DefaultDirectory = "/var/lib/hyperv";

    /// <summary>Bytes of a record.</summary>
    public const int RecordLength = IcKvpKeyBytes.Size + IcKvpValueBytes.Size;

    private const int MaxKeyUnits = IcKvpKeyBytes.Size / 2 - 1;
    private const int NoSpace = 28;     // ENOSPC
    private const UnixFileMode FileMode644 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _directory;
    private readonly int _maxPairs;
    private volatile IReadOnlyList<(string Key, string Value)> _auto = [];

    /// <summary>Makes it. Nothing is opened yet.</summary>
    /// <param name="directory">Where the files are; made when a first pair is set.</param>
    /// <param name="maxPairs">The most pairs a pool takes; more are refused with <see cref="IcStatus.DiskFull"/>.</param>
    public KvpPoolFiles(string directory = DefaultDirectory, int maxPairs = 1024)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxPairs);
        _directory = directory;
        _maxPairs = maxPairs;
    }

    /// <inheritdoc/>
    public bool TryGet(IcKvpPool pool, string key, out KvpValue value)
    {
        value = default;
        byte[] record = new byte[RecordLength];
        if (!TryMakeKey(key, out byte[]? wanted))
            return false;
        using FileStream? file = OpenToRead(pool);
        if (file is null || Find(file, wanted, record) is < 0)
            return false;
        value = ValueOf(record);
        return true;
    }

    /// <inheritdoc/>
    /// <remarks>Numbers are kept as text. A key of more than 511 bytes of UTF-8 or a value of more than 2047 is an <see cref="IcStatus.InvalidArgument"/>.</remarks>
    public IcStatus Set(IcKvpPool pool, string key, KvpValue value)
    {
        byte[] record = new byte[RecordLength];
        if (value.Type == 0 || !TryMakeKey(key, out byte[]? wanted)
            || !Encoding.UTF8.TryGetBytes(value.ToString(), record.AsSpan(IcKvpKeyBytes.Size, IcKvpValueBytes.Size - 1), out _))
            return IcStatus.InvalidArgument;
        wanted.CopyTo(record.AsSpan());
        try
        {
            Directory.CreateDirectory(_directory);
            using FileStream file = OpenToWrite(pool, FileMode.OpenOrCreate);
            int at = Find(file, wanted, new byte[RecordLength]);
            int count = Count(file);
            if (at < 0 && count >= _maxPairs)
                return IcStatus.DiskFull;
            RandomAccess.Write(file.SafeFileHandle, record, (long)(at < 0 ? count : at) * RecordLength);
            return IcStatus.Success;
        }
        catch (IOException error) when ((error.HResult & 0xFFFF) == NoSpace)
        {
            return IcStatus.DiskFull;
        }
    }

    /// <inheritdoc/>
    public IcStatus Delete(IcKvpPool pool, string key)
    {
        if (!TryMakeKey(key, out byte[]? wanted) || !File.Exists(PathOf(pool)))
            return IcStatus.NotFound;
        using FileStream file = OpenToWrite(pool, FileMode.Open);
        byte[] record = new byte[RecordLength];
        int at = Find(file, wanted, record);
        if (at < 0)
            return IcStatus.NotFound;

        // A crash in between leaves a pair twice, and loses none.
        int last = Count(file) - 1;
        for (; at < last; at++)
        {
            if (!TryRead(file, at + 1, record))
                break;
            RandomAccess.Write(file.SafeFileHandle, record, (long)at * RecordLength);
        }
        file.SetLength((long)last * RecordLength);
        return IcStatus.Success;
    }

    /// <inheritdoc/>
    public bool TryGetAt(IcKvpPool pool, uint index, [NotNullWhen(true)] out string? key, out KvpValue value)
    {
        key = null;
        value = default;
        if (pool == IcKvpPool.Auto)
            return TryGetOwn(index, out key, out value);
        byte[] record = new byte[RecordLength];
        using FileStream? file = OpenToRead(pool);
        if (file is null || index >= (uint)Count(file) || !TryRead(file, (int)index, record))
            return false;
        key = KvpDaemonText.ReadLenient(record.AsSpan(0, IcKvpKeyBytes.Size), MaxKeyUnits);
        value = ValueOf(record);
        return true;
    }

    // Looked up anew with each enumeration, so that its pairs are of one time.
    private bool TryGetOwn(uint index, [NotNullWhen(true)] out string? key, out KvpValue value)
    {
        if (index == 0 || _auto.Count == 0)
            _auto = KvpGuestPairs.Read();
        IReadOnlyList<(string Key, string Value)> pairs = _auto;
        bool isThere = index < (uint)pairs.Count;
        key = isThere ? pairs[(int)index].Key : null;
        value = isThere ? KvpValue.Of(pairs[(int)index].Value) : default;
        return isThere;
    }

    private static KvpValue ValueOf(ReadOnlySpan<byte> record) => KvpValue.Of(KvpDaemonText.ReadLenient(record[IcKvpKeyBytes.Size..], KvpValue.MaxTextLength));

    private static bool TryMakeKey(string key, [NotNullWhen(true)] out byte[]? bytes)
    {
        ArgumentNullException.ThrowIfNull(key);
        bytes = null;
        int length = Encoding.UTF8.GetByteCount(key);
        if (length is 0 or >= IcKvpKeyBytes.Size || key.Contains('\0', StringComparison.Ordinal))
            return false;
        bytes = new byte[length + 1];
        Encoding.UTF8.GetBytes(key, bytes);
        return true;
    }

    /// <summary>The first record with a key, its zero included.</summary>
    /// <returns>Its number; -1 when there is none.</returns>
    private static int Find(FileStream file, ReadOnlySpan<byte> key, Span<byte> record)
    {
        for (int i = 0, count = Count(file); i < count && TryRead(file, i, record); i++)
        {
            if (record.StartsWith(key))
                return i;
        }

        return -1;
    }

    private static int Count(FileStream file) => (int)Math.Min(RandomAccess.GetLength(file.SafeFileHandle) / RecordLength, int.MaxValue);

    private static bool TryRead(FileStream file, int index, Span<byte> record)
    {
        int length = 0;
        while (length < RecordLength)
        {
            int read = RandomAccess.Read(file.SafeFileHandle, record[length..], (long)index * RecordLength + length);
            if (read == 0)
                return false;
            length += read;
        }

        return true;
    }

    private string PathOf(IcKvpPool pool) => Path.Combine(_directory, $".kvp_pool_{(byte)pool}");

    private FileStream? OpenToRead(IcKvpPool pool)
    {
        string path = PathOf(pool);
        return File.Exists(path) ? Open(path, FileMode.Open, FileAccess.Read) : null;
    }

    private FileStream OpenToWrite(IcKvpPool pool, FileMode mode) => Open(PathOf(pool), mode, FileAccess.ReadWrite);

    private static FileStream Open(string path, FileMode mode, FileAccess access)
    {
        // Not .NET's own locks: hv_kvp_daemon's. Without a buffer, so that what is read was read under the lock.
        FileStreamOptions options = new() { Mode = mode, Access = access, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (mode == FileMode.OpenOrCreate)
            options.UnixCreateMode = FileMode644;
        FileStream file = new(path, options);
        try
        {
            FileLock.Acquire(file.SafeFileHandle, access != FileAccess.Read);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
