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

    /// <summary>The GPADL of the buffer.</summary>
    public uint Gpadl { get; }

    /// <summary>The address of the mapping.</summary>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public nint Address => Memory.Address;

    /// <summary>
    /// The bytes of the buffer; the host can write them at any time. Do not use them after the device is closed.
    /// </summary>
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
