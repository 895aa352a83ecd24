// What the library asks of an open UIO device. Mirrors uio_fops (Linux drivers/uio/uio.c). The kernel's is UioFile; tests
// have one made of memfds and an eventfd.

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>An open <c>/dev/uioN</c>.</summary>
[SupportedOSPlatform("linux")]
internal interface IUioFile : IDisposable
{
    /// <summary>Polls readable when the interrupt count has changed since it was last read, and when the device is gone.</summary>
    int Descriptor { get; }

    /// <summary>Takes the advisory lock that keeps a second opener out.</summary>
    bool TryLock();

    /// <summary>Reads the interrupt count, without waiting: <see cref="Errno.TryAgain"/> when it has not changed.</summary>
    Errno Read(out uint count);

    /// <summary>
    /// Unmasks or masks the host's interrupts of all channels. Unmasking also signals the host on each channel that has
    /// no monitor.
    /// </summary>
    Errno Control(bool unmask);

    /// <summary>Maps the first bytes of a map.</summary>
    MappedMemory Map(int index, long length);
}
