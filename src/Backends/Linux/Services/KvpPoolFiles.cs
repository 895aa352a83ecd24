// Key-value pairs in files. Mirrors the pool files of hv_kvp_daemon (Linux tools/hv/hv_kvp_daemon.c: kvp_record,
// kvp_key_add_or_modify, kvp_pool_enumerate), which other programs of a guest read and write, too.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Integration;

namespace VmBus.Linux;

/// <summary>
/// A file a pool, <c>.kvp_pool_0</c> to <c>.kvp_pool_4</c>: records of 2560 bytes, 512 of key and 2048 of value, each UTF-8
/// ended by a zero byte. Each call reads and writes the file itself, under the locks of its other writers: <c>flock</c>'s, which
/// cloud-init takes, then <c>fcntl</c>'s, which <c>hv_kvp_daemon</c> takes.
/// </summary>
/// <remarks>
/// <para>Thread-safe, also with other processes that take either lock; a call waits up to 10 s for the one that holds it. What follows
/// the last whole record is left aside. A file appears with its first pair.</para>
/// <para>Cloud-init empties files at boot without a lock. A process that then writes at the old end leaves a hole: records of zeros
/// are no pairs, and the next change closes them up.</para>
/// <para>When <see cref="IcKvpPool.Auto"/> is enumerated, the guest tells of itself instead (<see cref="KvpGuestPairs"/>).</para>
/// <para>What the file system refuses is thrown as <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>,
/// but for a full one: <see cref="IcStatus.DiskFull"/>. A lock that another program does not give back is an <see cref="IOException"/>.</para>
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
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);   // the host waits 30

    private readonly string _directory;
    private readonly int _maxPairs;
    private readonly TimeSpan _patience;
    private long _waits;
    private volatile IReadOnlyList<(string Key, string Value)> _auto = [];

    /// <summary>Makes it. Nothing is opened yet.</summary>
    /// <param name="directory">Where the files are; made when a first pair is set.</param>
    /// <param name="maxPairs">The most pairs a pool takes; more are refused with <see cref="IcStatus.DiskFull"/>.</param>
    /// <param name="patience">How long a call waits for another program's lock; <see langword="null"/> for 10 s.</param>
    public KvpPoolFiles(string directory = DefaultDirectory, int maxPairs = 1024, TimeSpan? patience = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxPairs);
        _directory = directory;
        _maxPairs = maxPairs;
        _patience = patience ?? LockPatience;
    }

    /// <summary>How often another program's lock was waited for.</summary>
    internal long Waits => Volatile.Read(ref _waits);

    /// <inheritdoc/>
    public bool TryGet(IcKvpPool pool, string key, out KvpValue value)
    {
        value = default;
        byte[] record = new byte[RecordLength];
        if (!TryMakeKey(key, out byte[]? wanted))
            return false;
        using KvpPoolFile? file = Open(pool, forWriting: false, create: false);
        if (file is null || file.Find(wanted, record) < 0)
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
            using KvpPoolFile file = Open(pool, forWriting: true, create: true)!;
            int count = file.Compact();
            int at = file.Find(wanted, new byte[RecordLength]);
            if (at < 0 && count >= _maxPairs)
                return IcStatus.DiskFull;
            file.Write(at < 0 ? count : at, record);
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
        if (!TryMakeKey(key, out byte[]? wanted))
            return IcStatus.NotFound;
        using KvpPoolFile? file = Open(pool, forWriting: true, create: false);
        if (file is null)
            return IcStatus.NotFound;
        file.Compact();
        int at = file.Find(wanted, new byte[RecordLength]);
        if (at < 0)
            return IcStatus.NotFound;
        file.Remove(at);
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
        using KvpPoolFile? file = Open(pool, forWriting: false, create: false);
        if (file is null || !file.TryReadPair(index, record))
            return false;
        key = KvpDaemonText.ReadLenient(record.AsSpan(0, IcKvpKeyBytes.Size), MaxKeyUnits);
        value = ValueOf(record);
        return true;
    }

    /// <summary>All pairs of a pool's file, in its order and of one moment. Keys that are there twice are told twice.</summary>
    /// <remarks>Unlike an enumeration, it tells values as long as their room, and of <see cref="IcKvpPool.Auto"/> what the file holds.</remarks>
    internal IReadOnlyList<(string Key, string Value)> ReadAll(IcKvpPool pool)
    {
        List<(string Key, string Value)> pairs = [];
        using KvpPoolFile? file = Open(pool, forWriting: false, create: false);
        file?.ReadPairs(record => pairs.Add((
            KvpDaemonText.ReadLenient(record.AsSpan(0, IcKvpKeyBytes.Size), IcKvpKeyBytes.Size),
            KvpDaemonText.ReadLenient(record.AsSpan(IcKvpKeyBytes.Size), IcKvpValueBytes.Size))));
        return pairs;
    }

    /// <summary>Adds pairs behind the last, all of them or none: as cloud-init and azure-init do, whatever keys there are.</summary>
    internal IcStatus Append(IcKvpPool pool, IReadOnlyList<(string Key, string Value)> pairs)
    {
        byte[] records = new byte[pairs.Count * RecordLength];
        for (int i = 0; i < pairs.Count; i++)
        {
            Span<byte> record = records.AsSpan(i * RecordLength, RecordLength);
            if (!TryMakeKey(pairs[i].Key, out byte[]? key) || !Encoding.UTF8.TryGetBytes(pairs[i].Value, record.Slice(IcKvpKeyBytes.Size, IcKvpValueBytes.Size - 1), out _))
                return IcStatus.InvalidArgument;
            key.CopyTo(record);
        }
        try
        {
            Directory.CreateDirectory(_directory);
            using KvpPoolFile file = Open(pool, forWriting: true, create: true)!;
            int count = file.Compact();
            if (count + pairs.Count > _maxPairs)
                return IcStatus.DiskFull;
            file.Append(count, records);
            return IcStatus.Success;
        }
        catch (IOException error) when ((error.HResult & 0xFFFF) == NoSpace)
        {
            return IcStatus.DiskFull;
        }
    }

    // Looked up again with each enumeration, so that its pairs are of one time.
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

    private KvpPoolFile? Open(IcKvpPool pool, bool forWriting, bool create) =>
        KvpPoolFile.TryOpen(Path.Combine(_directory, $".kvp_pool_{(byte)pool}"), forWriting, create, _patience, () => Interlocked.Increment(ref _waits));
}
