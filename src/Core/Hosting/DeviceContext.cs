// A channel that a guest has opened, as its device sees it.

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>A channel that a guest has opened, and what its device may know of it.</summary>
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

    /// <summary>What the guest asked for.</summary>
    public HostOpenRequest Request { get; }

    /// <summary>
    /// Whether the guest opened the channel before the bus was saved, and goes on: its rings hold what both sides left there.
    /// </summary>
    public bool IsRestored { get; }

    /// <summary>
    /// Whether the service ends because its bus is saved: the guest has the channel open, and goes on after the restore. Known
    /// when the service's token is cancelled.
    /// </summary>
    public bool IsSaved => _link.IsSaved;

    /// <summary>What was offered.</summary>
    public HostOffer Offer => _link.Offer;

    /// <summary>The guest's memory, for what packets name by address. It may change while it is looked at.</summary>
    public IGuestMemory Memory { get; }

    /// <summary>Says how much memory the guest has shown this device under a handle.</summary>
    /// <param name="gpadl">The handle, as a packet names it.</param>
    /// <returns>Its bytes, of all ranges; <see langword="null"/> when the handle means nothing now.</returns>
    public long? GetGpadlLength(uint gpadl) => _link.Gpadls.TryGetValue(gpadl, out IReadOnlyList<GpadlRange>? ranges) ? ranges.Sum(range => (long)range.ByteCount) : null;

    /// <summary>Copies out of memory that the guest has shown this device. It may change while it is copied.</summary>
    /// <param name="gpadl">The handle, as a packet names it.</param>
    /// <param name="offset">Where to begin, in bytes: the ranges lie one behind the other.</param>
    /// <param name="destination">Filled.</param>
    /// <returns><see langword="false"/> when the handle means nothing now, or not all of it lies in its memory.</returns>
    public bool TryReadGpadl(uint gpadl, long offset, Span<byte> destination) =>
        _link.Gpadls.TryGetValue(gpadl, out IReadOnlyList<GpadlRange>? ranges) && GpadlCopy.TryRead(Memory, ranges, offset, destination);

    /// <summary>Copies into memory that the guest has shown this device.</summary>
    /// <param name="gpadl">The handle, as a packet names it.</param>
    /// <param name="offset">Where to begin, in bytes: the ranges lie one behind the other.</param>
    /// <param name="source">The bytes.</param>
    /// <returns><see langword="false"/>, and nothing copied, when the handle means nothing now, or not all of it lies in its memory.</returns>
    public bool TryWriteGpadl(uint gpadl, long offset, ReadOnlySpan<byte> source) =>
        _link.Gpadls.TryGetValue(gpadl, out IReadOnlyList<GpadlRange>? ranges) && GpadlCopy.TryWrite(Memory, ranges, offset, source);
}
