// A signal between processes that do not trust each other. Mirrors a FIFO opened again by each (pipe(7), fifo(7), "Opening a
// FIFO for reading and writing").

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// A pipe whose bytes are signals: each call adds one, a consumer takes them all, and the descriptor polls readable while one is
/// there. Never blocks, whatever the other process does.
/// </summary>
/// <remarks>
/// <para>Whether a call blocks is a flag of the open description, and a descriptor that is passed to another process shares it: of an
/// eventfd, which cannot be opened a second time, each side can make the other's calls wait. So each side here has an open
/// description of its own, by <c>/proc/self/fd</c>. It is open for both directions, so that a peer that closes its
/// end is neither an end of file here nor a <c>SIGPIPE</c>.</para>
/// <para>Thread-safe; nothing allocates but opening. Whatever was written to memory before <see cref="Signal"/> is seen by the thread
/// whose <see cref="TryConsume"/> takes it.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class SignalPipe : FileDescriptorHandle
{
    // A full pipe is signalled already. The least capacity there is: one page of the kernel's, which some reads of this size empty.
    private const int Capacity = 4096;
    private static readonly int MostReads = Math.Max(1, PageMath.PageSize / Capacity);
    private const uint Everyone = 0x1B6;    // 0666

    private SignalPipe(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Makes a pipe without signals, closed on exec.</summary>
    /// <exception cref="ErrnoException">The kernel refused, or <c>/proc</c> is not there.</exception>
    public static unsafe SignalPipe Create()
    {
        int* ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.OpenCloseOnExec) < 0)
            throw ErrnoException.FromLastCall("pipe2");
        using var read = new SignalPipe(ends[0]);
        using var write = new SignalPipe(ends[1]);

        // The other process may be another user's, and opens it again. A process that was not given it cannot.
        if (Libc.ChangeMode(read, Everyone) < 0)
            throw ErrnoException.FromLastCall("fchmod of a pipe");
        // A larger pipe, as of a user who has very many, makes a wait look more than once, and no more.
        Libc.Fcntl(read, Libc.FcntlSetPipeSize, Capacity);
        return Reopen(read);
    }

    /// <summary>Takes a pipe that came from another process: opens it again, and closes what came.</summary>
    /// <param name="descriptor">The descriptor. It belongs to this call, also when it fails.</param>
    /// <exception cref="ArgumentException">The descriptor is not a pipe, or <c>/proc</c> is not there to tell.</exception>
    /// <exception cref="ErrnoException">The descriptor is not open, or the kernel refused.</exception>
    public static SignalPipe Adopt(int descriptor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        using var received = new SignalPipe(descriptor);
        if (Libc.Fcntl(received, Libc.FcntlGetStatusFlags, 0) < 0)
            throw ErrnoException.FromLastCall($"fcntl(F_GETFL) on descriptor {descriptor}");
        // Opening whatever else it may be could wait, or do something. A file's name can end as a pipe's does, and not begin so.
        string? target = new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;
        if (target?.StartsWith("pipe:[", StringComparison.Ordinal) != true)
            throw new ArgumentException($"Descriptor {descriptor} is not a pipe but {target ?? "unknown: /proc/self/fd is not readable"}.", nameof(descriptor));
        return Reopen(received);
    }

    /// <summary>The pipe once more, to be sent to another process and disposed: what that does to its flags is no matter here.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public SignalPipe Lend() => Reopen(this);

    /// <summary>Adds a signal and wakes the one that waits for it.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public unsafe void Signal()
    {
        byte one = 1;
        while (Libc.Write(this, &one, 1) < 0)
        {
            Errno error = Libc.LastError;
            if (error == Errno.TryAgain)
                return;
            if (error != Errno.Interrupted)
                ThrowFailed("write to a pipe of signals", error);
        }
    }

    /// <summary>Takes the signals that are there.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    [SkipLocalsInit]
    public unsafe bool TryConsume()
    {
        byte* all = stackalloc byte[Capacity];
        // No more than a full pipe holds: a peer that keeps signalling cannot keep this loop running.
        for (int reads = 0; reads < MostReads; reads++)
        {
            nint taken = Take(all);
            if (taken < Capacity)
                return reads > 0 || taken > 0;
        }
        return true;
    }

    // How many signals were taken, at most as many as there is room for.
    private unsafe nint Take(byte* room)
    {
        while (true)
        {
            nint taken = Libc.Read(this, room, Capacity);
            if (taken >= 0)
                return taken;
            Errno error = Libc.LastError;
            if (error == Errno.TryAgain)
                return 0;
            if (error != Errno.Interrupted)
                ThrowFailed("read of a pipe of signals", error);
        }
    }

    private static SignalPipe Reopen(SignalPipe pipe)
    {
        string path = $"/proc/self/fd/{pipe.Descriptor}";
        while (true)
        {
            int descriptor = Libc.Open(path, Libc.OpenReadWrite | Libc.OpenNonBlocking | Libc.OpenCloseOnExec, 0);
            if (descriptor >= 0)
                return new SignalPipe(descriptor);
            Errno error = Libc.LastError;
            if (error != Errno.Interrupted)
                throw new ErrnoException($"opening a pipe of signals again, {path}", error);
        }
    }

    [DoesNotReturn]
    private static void ThrowFailed(string call, Errno error) => throw new ErrnoException(call, error);
}
