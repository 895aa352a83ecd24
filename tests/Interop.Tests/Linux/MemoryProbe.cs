// Asks the kernel whether an address can be read or written, without faulting: write(2) and read(2) on an eventfd
// copy eight bytes from or to it and answer EFAULT where an access would be a SIGSEGV.

namespace VmBus.Interop.Tests.Linux;

internal static unsafe class MemoryProbe
{
    public static bool CanRead(nint address)
    {
        using EventFd sink = EventFd.Create();
        // The value read might be the one the counter refuses (all ones: EINVAL); the address was readable then too.
        if (Libc.Write(sink, (void*)address, 8) == 8)
            return true;
        return Libc.LastError switch
        {
            Errno.BadAddress => false,
            Errno.InvalidArgument => true,
            Errno other => throw new ErrnoException("probing write", other),
        };
    }

    // Overwrites the eight bytes with the number 1 when they are writable.
    public static bool CanWrite(nint address)
    {
        using EventFd source = EventFd.Create();
        source.Signal();
        if (Libc.Read(source, (void*)address, 8) == 8)
            return true;
        return Libc.LastError == Errno.BadAddress ? false : throw ErrnoException.FromLastCall("probing read");
    }
}
