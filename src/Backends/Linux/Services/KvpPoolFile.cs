// One file of pairs, open and locked. Mirrors kvp_acquire_lock, kvp_update_mem_state and kvp_update_file of hv_kvp_daemon
// (Linux tools/hv/hv_kvp_daemon.c).

using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>The records of a file. Other programs that ask for a lock are kept out until it is disposed.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KvpPoolFile : IDisposable
{
    private const UnixFileMode FileMode644 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly SafeFileHandle _file;

    private KvpPoolFile(SafeFileHandle file) => _file = file;

    /// <summary>Opens and locks a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="forWriting">Whether it is to be changed.</param>
    /// <param name="create">Whether one that is not there is made.</param>
    /// <param name="patience">How long to wait for another program's lock.</param>
    /// <param name="waited">Called when another program has a lock.</param>
    /// <returns><see langword="null"/> when it is not there.</returns>
    /// <exception cref="IOException">It cannot be opened, or another program does not give its lock back.</exception>
    /// <exception cref="UnauthorizedAccessException">It is not permitted.</exception>
    public static KvpPoolFile? TryOpen(string path, bool forWriting, bool create, TimeSpan patience, Action waited)
    {
        SafeFileHandle? file = PlainFile.TryOpen(path, forWriting, create ? FileMode644 : null, out Errno error);
        if (file is null)
        {
            ErrnoException refused = new($"open of {path}", error);
            return error switch
            {
                Errno.NoSuchFile when !create => null,
                Errno.AccessDenied or Errno.OperationNotPermitted => throw new UnauthorizedAccessException(refused.Message, refused),
                _ => throw new IOException(refused.Message, refused),
            };
        }
        try
        {
            return FileLock.TryAcquire(file, forWriting, patience, waited)
                ? new KvpPoolFile(file)
                : throw new IOException($"Another program has locked {path} for {patience.TotalSeconds:0.#} s.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The first record with a key, its zero included.</summary>
    /// <returns>Its number; -1 when there is none.</returns>
    public int Find(ReadOnlySpan<byte> key, Span<byte> record)
    {
        for (int i = 0, count = Count(); i < count && TryRead(i, record); i++)
        {
            if (record.StartsWith(key))
                return i;
        }

        return -1;
    }

    /// <summary>Reads a pair, records without one not counted.</summary>
    /// <param name="index">Its number among the pairs.</param>
    /// <param name="record">Where it goes.</param>
    /// <returns><see langword="false"/> when there are fewer.</returns>
    public bool TryReadPair(uint index, Span<byte> record)
    {
        int count = Count();
        uint pairs = 0;
        for (int at = 0; at < count; at++)
        {
            // Mostly every record is one.
            if (HasPair(at) && pairs++ == index)
                return TryRead(at, record) && record[0] != 0;
        }

        return false;
    }

    /// <summary>Reads every pair, records without one left out.</summary>
    /// <param name="tell">Told each record; the array is used again.</param>
    public void ReadPairs(Action<byte[]> tell)
    {
        byte[] record = new byte[KvpPoolFiles.RecordLength];
        for (int at = 0, count = Count(); at < count && TryRead(at, record); at++)
        {
            if (record[0] != 0)
                tell(record);
        }
    }

    /// <summary>Moves pairs into the place of records without one, as a truncation beside a write leaves them.</summary>
    /// <returns>How many records there are then, each a pair.</returns>
    public int Compact()
    {
        int count = Count();
        int pairs = 0;
        byte[] record = new byte[KvpPoolFiles.RecordLength];
        for (int at = 0; at < count; at++)
        {
            if (!HasPair(at))
                continue;
            if (at != pairs && TryRead(at, record))
                WriteAt(pairs, record);
            pairs++;
        }

        if (pairs != count)
            RandomAccess.SetLength(_file, (long)pairs * KvpPoolFiles.RecordLength);
        return pairs;
    }

    /// <summary>Writes a record: over another, or behind the last.</summary>
    public void Write(int at, ReadOnlySpan<byte> record)
    {
        WriteAt(at, record);

        // The file may have been emptied since it was counted, by a program without a lock.
        if (at > 0 && !HasPair(at - 1))
            Compact();
    }

    /// <summary>Writes records behind the last. Where there is no room for all of them, none stays.</summary>
    public void Append(int count, ReadOnlySpan<byte> records)
    {
        try
        {
            WriteAt(count, records);
        }
        catch (IOException)
        {
            CutBehind(count);
            throw;
        }

        // As after every write.
        if (count > 0 && !HasPair(count - 1))
            Compact();
    }

    /// <summary>Takes a record out. A crash meanwhile leaves a pair twice, and loses none.</summary>
    public void Remove(int at)
    {
        byte[] record = new byte[KvpPoolFiles.RecordLength];
        int last = Count() - 1;
        for (; at < last && TryRead(at + 1, record); at++)
            WriteAt(at, record);
        RandomAccess.SetLength(_file, (long)at * KvpPoolFiles.RecordLength);
    }

    private void CutBehind(int count)
    {
        try
        {
            RandomAccess.SetLength(_file, (long)count * KvpPoolFiles.RecordLength);
        }
        catch (IOException)
        {
            // It is no plain file, or its disk fails: the error to tell is that of the write.
        }
    }

    private int Count() => (int)Math.Min(RandomAccess.GetLength(_file) / KvpPoolFiles.RecordLength, int.MaxValue);

    private bool HasPair(int at)
    {
        Span<byte> first = stackalloc byte[1];
        return RandomAccess.Read(_file, first, (long)at * KvpPoolFiles.RecordLength) == 1 && first[0] != 0;
    }

    private void WriteAt(int at, ReadOnlySpan<byte> record) => RandomAccess.Write(_file, record, (long)at * KvpPoolFiles.RecordLength);

    private bool TryRead(int index, Span<byte> record)
    {
        int length = 0;
        while (length < KvpPoolFiles.RecordLength)
        {
            int read = RandomAccess.Read(_file, record[length..], (long)index * KvpPoolFiles.RecordLength + length);
            if (read == 0)
                return false;
            length += read;
        }

        return true;
    }
}
