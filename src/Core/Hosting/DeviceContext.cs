// A channel that a guest has opened, as its device sees it.

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>A channel that a guest has opened, as its device sees it.</summary>
public sealed class DeviceContext
{
    private readonly OfferLink _link;

    internal DeviceContext(OfferLink link, VmBusChannel channel, HostOpenRequest request, IGuestMemory memory, bool isRestored)
    {
        _link = link;
        Channel = channel;
        Request = request;
        Memory = memory;
        IsRestored = isRestored;
    }

    /// <summary>The host's end of the channel. The bus disposes it.</summary>
    public VmBusChannel Channel { get; }

    /// <summary>The guest's open request.</summary>
    public HostOpenRequest Request { get; }

    /// <summary>
    /// Whether the guest opened the channel before the bus was saved. Its rings then still hold the packets of both sides.
    /// </summary>
    public bool IsRestored { get; }

    /// <summary>
    /// Whether the service ends because its bus is saved: the guest keeps the channel open and continues after the restore. Valid
    /// once the service's token is cancelled.
    /// </summary>
    public bool IsSaved => _link.IsSaved;

    /// <summary>The offer of the channel.</summary>
    public HostOffer Offer => _link.Offer;

    /// <summary>The guest's memory, for data that packets refer to by address. The guest can change it at any time.</summary>
    public IGuestMemory Memory { get; }

    /// <summary>Returns how much memory the guest has shared with this device under a handle.</summary>
    /// <param name="gpadl">The handle from a packet.</param>
    /// <returns>The bytes of all its ranges; <see langword="null"/> if the handle is not valid now.</returns>
    public long? GetGpadlLength(uint gpadl) => _link.Gpadls.TryGetValue(gpadl, out IReadOnlyList<GpadlRange>? ranges) ? ranges.Sum(range => (long)range.ByteCount) : null;

    /// <summary>Copies from memory that the guest has shared with this device. The guest can change it during the copy.</summary>
    /// <param name="gpadl">The handle from a packet.</param>
    /// <param name="offset">Where to begin, in bytes; the ranges count as contiguous.</param>
    /// <param name="destination">Filled.</param>
    /// <returns><see langword="false"/> if the handle is not valid now, or the range exceeds its memory.</returns>
    public bool TryReadGpadl(uint gpadl, long offset, Span<byte> destination) =>
        _link.Gpadls.TryGetValue(gpadl, out IReadOnlyList<GpadlRange>? ranges) && GpadlCopy.TryRead(Memory, ranges, offset, destination);

    /// <summary>Copies into memory that the guest has shared with this device.</summary>
    /// <param name="gpadl">The handle from a packet.</param>
    /// <param name="offset">Where to begin, in bytes; the ranges count as contiguous.</param>
    /// <param name="source">The bytes.</param>
    /// <returns>
    /// <see langword="false"/>, with nothing copied, if the handle is not valid now, or the range exceeds its memory.
    /// </returns>
    public bool TryWriteGpadl(uint gpadl, long offset, ReadOnlySpan<byte> source) =>
        _link.Gpadls.TryGetValue(gpadl, out IReadOnlyList<GpadlRange>? ranges) && GpadlCopy.TryWrite(Memory, ranges, offset, source);
}
