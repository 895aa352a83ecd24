using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>
/// A buffer that the kernel shares with the host, for every class of device, sized for a network adapter: 31 MiB to
/// receive into, 16 MiB to send from. The memory belongs to the <see cref="VmBusDevice"/>.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class UioBuffer
{
    private readonly MappedMemory _memory;

    internal UioBuffer(MappedMemory memory, uint gpadl)
    {
        _memory = memory;
        Gpadl = gpadl;
    }

    /// <summary>The GPADL by which the host knows it.</summary>
    public uint Gpadl { get; }

    /// <summary>Where it is mapped.</summary>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public nint Address => Memory.Address;

    /// <summary>Its bytes, written by the host at any time. Not to be used after the device is closed.</summary>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public Span<byte> AsSpan() => Memory.AsSpan();

    // A device that is closed retires its memory: what lies at the addresses then is no buffer any more.
    private MappedMemory Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory.IsRetired, this);
            return _memory;
        }
    }
}
