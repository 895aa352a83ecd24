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

    /// <summary>What was offered.</summary>
    public HostOffer Offer => _link.Offer;

    /// <summary>The guest's memory, for what packets name by address. It may change while it is looked at.</summary>
    public IGuestMemory Memory { get; }

    /// <summary>Finds memory that the guest has shown this device beside the rings.</summary>
    /// <param name="gpadl">The handle, as a packet names it.</param>
    /// <param name="ranges">The memory: frames that are there.</param>
    /// <returns>Whether the handle means something now.</returns>
    public bool TryGetGpadl(uint gpadl, out IReadOnlyList<GpadlRange> ranges) => _link.Gpadls.TryGetValue(gpadl, out ranges!);
}
