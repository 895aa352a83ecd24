// The kernel's UIO device. Mirrors uio_read, uio_write and uio_mmap (Linux drivers/uio/uio.c).

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>A device node: reads and writes are 32-bit words, map n lies at n pages.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UioFile(DeviceFile file) : IUioFile
{
    public int Descriptor => file.Descriptor;

    public bool TryLock() => file.TryLock();

    public Errno Read(out uint count)
    {
        count = 0;
        Errno error = file.Read(MemoryMarshal.AsBytes(new Span<uint>(ref count)), out int length);
        return error == Errno.None && length != sizeof(uint) ? Errno.InputOutput : error;
    }

    public Errno Control(bool unmask)
    {
        int state = unmask ? 1 : 0;
        return file.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in state)));
    }

    public MappedMemory Map(int index, long length) => MappedMemory.Map(file, (long)index * Environment.SystemPageSize, length);

    public void Dispose() => file.Dispose();
}
