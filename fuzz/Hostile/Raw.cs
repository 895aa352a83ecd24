using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using VmBus.Interop;

namespace VmBus.Fuzz.Hostile;

/// <summary>System calls that only a hostile process makes. What fails has failed.</summary>
internal static unsafe partial class Raw
{
    private const int PunchHole = 2, KeepSize = 1;      // FALLOC_FL_*
    private const int Kill = 9;

    /// <summary>A descriptor of its own, of what is then given back.</summary>
    public static int Keep(FileDescriptorHandle handle)
    {
        using (handle)
            return Duplicate(handle.Descriptor);
    }

    public static int Null()
    {
        using SafeFileHandle file = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        return Duplicate((int)file.DangerousGetHandle());
    }

    /// <summary>Shared memory whose size can change at any time.</summary>
    public static int Unsealed(long size)
    {
        int descriptor = MemfdCreate("vmbus-unsealed", 1);
        _ = Truncate(descriptor, size);
        return descriptor;
    }

    public static bool IsSealed(int descriptor)
    {
        using var handle = new SafeFileHandle(descriptor, ownsHandle: false);
        const int Size = Libc.SealShrink | Libc.SealGrow;
        return Libc.Fcntl(handle, Libc.FcntlGetSeals, 0) is >= 0 and var seals && (seals & Size) == Size;
    }

    /// <summary>Makes a pipe of signals full, or empty, or blocking, or small, or large, or forbidden.</summary>
    public static void Spoil(int descriptor, Random random)
    {
        using var handle = new SafeFileHandle(descriptor, ownsHandle: false);
        int flags = Libc.Fcntl(handle, Libc.FcntlGetStatusFlags, 0);
        Libc.Fcntl(handle, Libc.FcntlSetStatusFlags, flags | Libc.OpenNonBlocking);
        byte* some = stackalloc byte[4096];
        switch (random.Next(5))
        {
            case 0:
                for (int writes = 0; writes < 300 && Libc.Write(handle, some, 4096) > 0; writes++)
                {
                }

                break;
            case 1:
                for (int reads = 0; reads < 300 && Libc.Read(handle, some, 4096) > 0; reads++)
                {
                }

                break;
            case 2:
                Libc.Fcntl(handle, Libc.FcntlSetPipeSize, random.Next(2) == 0 ? 4096 : 1 << 20);
                break;
            case 3:
                _ = ChangeMode(descriptor, 0);
                break;
        }

        if (random.Next(2) == 0)
            Libc.Fcntl(handle, Libc.FcntlSetStatusFlags, flags & ~Libc.OpenNonBlocking);
    }

    /// <summary>A signal, unless it would wait.</summary>
    public static void Signal(int descriptor)
    {
        using var handle = new SafeFileHandle(descriptor, ownsHandle: false);
        int flags = Libc.Fcntl(handle, Libc.FcntlGetStatusFlags, 0);
        Libc.Fcntl(handle, Libc.FcntlSetStatusFlags, flags | Libc.OpenNonBlocking);
        byte one = 1;
        _ = Libc.Write(handle, &one, 1);
    }

    /// <summary>Shorter, longer, or with holes.</summary>
    public static void Resize(int descriptor, long length, Random random)
    {
        switch (random.Next(3))
        {
            case 0:
                _ = Truncate(descriptor, random.NextInt64(length));
                break;
            case 1:
                _ = Truncate(descriptor, length + (1 << 20));
                break;
            default:
                _ = Allocate(descriptor, PunchHole | KeepSize, 4096 * random.NextInt64(length / 4096), 4096 * random.Next(1, 4));
                break;
        }
    }

    /// <summary>Bytes and descriptors that the other side does not expect.</summary>
    public static void SendNoise(UnixFdSocket socket, Random random, int[] descriptors)
    {
        byte[] noise = new byte[random.Next(1, 256)];
        random.NextBytes(noise);
        try
        {
            // The socket's buffer fills without a reader, and a process that waits there does no more harm.
            if (random.Next(8) == 0)
                socket.Send(noise, random.Next(2) == 0 ? descriptors : []);
        }
        catch (ErrnoException)
        {
            // The other side is gone.
        }
    }

    public static void KillSelf()
    {
        _ = SendSignal(Environment.ProcessId, Kill);
        Thread.Sleep(Timeout.Infinite);
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    public static partial int Duplicate(int descriptor);

    public static void Close(int descriptor) => _ = CloseDescriptor(descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    private static partial int Truncate(int descriptor, long size);

    [LibraryImport("libc", EntryPoint = "fallocate")]
    private static partial int Allocate(int descriptor, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fchmod")]
    private static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
