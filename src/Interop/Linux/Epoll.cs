// Waits on many descriptors, however many. Mirrors epoll(7), level-triggered.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A set of descriptors to wait on, each known by a number of the caller's. Thread-safe: the set may change during a wait.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Epoll : FileDescriptorHandle
{
    private Epoll(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static Epoll Create()
    {
        int descriptor = Libc.EpollCreate(Libc.EpollCloseOnExec);
        return descriptor >= 0 ? new Epoll(descriptor) : throw ErrnoException.FromLastCall("epoll_create1");
    }

    /// <summary>Adds a descriptor, to be found when it can be read.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void Add(FileDescriptorHandle descriptor, ulong key) => Control(Libc.EpollAdd, "epoll_ctl(EPOLL_CTL_ADD)", descriptor, (uint)PollEvents.In, key);

    /// <summary>Adds a descriptor that is not looked at before <see cref="Arm"/>.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void AddUnarmed(FileDescriptorHandle descriptor, ulong key) => Control(Libc.EpollAdd, "epoll_ctl(EPOLL_CTL_ADD)", descriptor, Libc.EpollOneShot, key);

    /// <summary>Has a descriptor of the set found once: now, when it can be read already.</summary>
    /// <exception cref="ErrnoException">It is not in the set.</exception>
    public void Arm(FileDescriptorHandle descriptor, ulong key) => Control(Libc.EpollModify, "epoll_ctl(EPOLL_CTL_MOD)", descriptor, (uint)PollEvents.In | Libc.EpollOneShot, key);

    /// <summary>Takes a descriptor out. A wait under way may still answer it once.</summary>
    /// <exception cref="ErrnoException">It is not in the set.</exception>
    public void Remove(FileDescriptorHandle descriptor) => Control(Libc.EpollDelete, "epoll_ctl(EPOLL_CTL_DEL)", descriptor, 0, 0);

    /// <summary>Waits, without limit, until some can be read.</summary>
    /// <returns>How many: 1 at least.</returns>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public unsafe int Wait(Span<ulong> keys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Length, nameof(keys));
        int most = Math.Min(keys.Length, 64);
        byte* entries = stackalloc byte[EventLayout.Size * most];
        while (true)
        {
            int found = Libc.EpollWait(this, entries, most, -1);
            if (found < 0)
            {
                Errno error = Libc.LastError;
                if (error != Errno.Interrupted)
                    throw new ErrnoException("epoll_wait", error);
                continue;
            }
            for (int i = 0; i < found; i++)
                keys[i] = EventLayout.ReadKey(entries + i * EventLayout.Size);
            return found;
        }
    }

    private unsafe void Control(int operation, string call, FileDescriptorHandle descriptor, uint events, ulong key)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        byte* entry = stackalloc byte[EventLayout.Size];
        EventLayout.Write(entry, events, key);
        if (Libc.EpollControl(this, operation, descriptor, entry) < 0)
            throw ErrnoException.FromLastCall(call);
    }

    // struct epoll_event: u32 events, then u64 data, which only x86 packs without a gap.
    private static unsafe class EventLayout
    {
        private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 4 : 8;

        internal static int Size => DataOffset + 8;

        internal static void Write(byte* entry, uint events, ulong key)
        {
            *(uint*)entry = events;
            System.Runtime.CompilerServices.Unsafe.WriteUnaligned(entry + DataOffset, key);
        }

        internal static ulong ReadKey(byte* entry) => System.Runtime.CompilerServices.Unsafe.ReadUnaligned<ulong>(entry + DataOffset);
    }
}
