// Linux's asynchronous I/O (io_setup(2), io_submit(2), io_getevents(2)) on a file that is read past the page cache: what fio calls
// libaio with direct=1. There is no wrapper in the C library, so by syscall(2), for x86-64.

using System.ComponentModel;
using System.Runtime.InteropServices;

namespace VmBus.Switch.Guest;

/// <summary>Reads blocks of a device, many at a time. One thread.</summary>
internal sealed unsafe partial class AsyncReads : IDisposable
{
    private const int Setup = 206, Destroy = 207, GetEvents = 208, Submit = 209;
    private const int ReadOnly = 0, Direct = 0x4000, SeekEnd = 2;

    private readonly int _file;
    private readonly int _blockSize;
    private readonly int _depth;
    private readonly byte* _buffers;
    private readonly ControlBlock* _blocks;
    private readonly ControlBlock** _submitted;
    private readonly Event* _events;
    private readonly nuint _context;

    /// <summary>Opens a device.</summary>
    /// <param name="path">The device.</param>
    /// <param name="blockSize">Bytes of a read; a power of two that the device's blocks divide.</param>
    /// <param name="depth">The most reads under way.</param>
    /// <exception cref="Win32Exception">The kernel refuses.</exception>
    public AsyncReads(string path, int blockSize, int depth)
    {
        _blockSize = blockSize;
        _depth = depth;
        _file = (int)Check(Open(path, ReadOnly | Direct));
        BlockCount = Check(Seek(_file, 0, SeekEnd)) / blockSize;
        _buffers = (byte*)NativeMemory.AlignedAlloc((nuint)(blockSize * depth), (nuint)blockSize);
        _blocks = (ControlBlock*)NativeMemory.AllocZeroed((nuint)depth, (nuint)sizeof(ControlBlock));
        _submitted = (ControlBlock**)NativeMemory.AllocZeroed((nuint)depth, (nuint)sizeof(nint));
        _events = (Event*)NativeMemory.AllocZeroed((nuint)depth, (nuint)sizeof(Event));
        nuint context = 0;
        Check(Call(Setup, depth, (nint)(&context), 0, 0, 0));
        _context = context;
    }

    /// <summary>Blocks of the device.</summary>
    public long BlockCount { get; }

    /// <summary>Begins reads.</summary>
    /// <param name="slots">Which of the reads, 0 to depth - 1; none is under way.</param>
    /// <param name="blocks">Which block each reads.</param>
    public void Begin(ReadOnlySpan<int> slots, ReadOnlySpan<long> blocks)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            ControlBlock* block = _blocks + slots[i];
            *block = new ControlBlock
            {
                Data = (ulong)slots[i],
                File = (uint)_file,
                Buffer = (ulong)(_buffers + (long)slots[i] * _blockSize),
                Length = (ulong)_blockSize,
                Offset = blocks[i] * _blockSize,
            };
            _submitted[i] = block;
        }

        for (int begun = 0; begun < slots.Length;)
            begun += (int)Check(Call(Submit, (nint)_context, slots.Length - begun, (nint)(_submitted + begun), 0, 0));
    }

    /// <summary>Waits until one has ended at the least, and takes all that have.</summary>
    /// <param name="slots">Which have ended.</param>
    /// <returns>How many.</returns>
    /// <exception cref="IOException">One has failed, or read less than a block.</exception>
    public int End(Span<int> slots)
    {
        int count = (int)Check(Call(GetEvents, (nint)_context, 1, Math.Min(_depth, slots.Length), (nint)_events, 0));
        for (int i = 0; i < count; i++)
        {
            if (_events[i].Result != _blockSize)
                throw new IOException($"A read ended with {_events[i].Result} instead of {_blockSize}.");
            slots[i] = (int)_events[i].Data;
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // It waits for what is under way.
        Check(Call(Destroy, (nint)_context, 0, 0, 0, 0));
        Check(Close(_file));
        NativeMemory.AlignedFree(_buffers);
        NativeMemory.Free(_blocks);
        NativeMemory.Free(_submitted);
        NativeMemory.Free(_events);
    }

    private static long Check(long result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint first, nint second, nint third, nint fourth, nint fifth);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(int file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);

    // struct iocb; opcode 0 is IOCB_CMD_PREAD.
    [StructLayout(LayoutKind.Sequential)]
    private struct ControlBlock
    {
        public ulong Data;
        public uint Key;
        public int ReadWriteFlags;
        public ushort Opcode;
        public short Priority;
        public uint File;
        public ulong Buffer;
        public ulong Length;
        public long Offset;
        public ulong Reserved;
        public uint Flags;
        public uint EventFile;
    }

    // struct io_event.
    [StructLayout(LayoutKind.Sequential)]
    private struct Event
    {
        public ulong Data;
        public ulong ControlBlock;
        public long Result;
        public long Second;
    }
}
