// The memory two processes share, as one of them has mapped it.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// Maps a plan. Each side maps for itself, its rings twice back to back, and gives the memory back on <see cref="Dispose"/>:
/// private pages lie at the addresses from then on, for as long as this object is reachable.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SharedChannelMemory : IDisposable
{
    private readonly SharedChannelPlan _plan;
    private readonly MappedMemory _pages;
    private readonly MappedRing _guestToHost;
    private readonly MappedRing _hostToGuest;

    /// <summary>Maps the memory. The descriptor stays the caller's, and may be closed: mappings outlive it.</summary>
    public SharedChannelMemory(MemfdHandle memory, in SharedChannelPlan plan)
    {
        _plan = plan;
        MappedMemory? pages = null;
        MappedRing? guestToHost = null;
        try
        {
            if (plan.Start > memory.Size - plan.Length)
                throw new InvalidDataException($"The channel needs {plan.Length} bytes from {plan.Start} on; the shared memory has {memory.Size}.");
            pages = MappedMemory.Map(memory, plan.Start, SharedChannelPlan.PagesLength);
            guestToHost = MappedMemory.MapRing(memory, plan.GuestToHostOffset, plan.RingSize);
            _hostToGuest = MappedMemory.MapRing(memory, plan.HostToGuestOffset, plan.RingSize);
            _guestToHost = guestToHost;
            _pages = pages;
        }
        catch
        {
            guestToHost?.Dispose();
            pages?.Dispose();
            throw;
        }
    }

    public MonitorPageView MonitorPage => new(_pages.Address + (nint)(_plan.MonitorPageOffset - _plan.Start));

    public SynicEventFlagsPageView HostFlags => new(_pages.Address + (nint)(_plan.HostFlagsOffset - _plan.Start));

    public SynicEventFlagsPageView GuestFlags => new(_pages.Address + (nint)(_plan.GuestFlagsOffset - _plan.Start));

    public RingMemory GuestToHost => View(_guestToHost);

    public RingMemory HostToGuest => View(_hostToGuest);

    public void Dispose()
    {
        _hostToGuest.Retire();
        _guestToHost.Retire();
        _pages.Retire();
    }

    private static RingMemory View(MappedRing ring)
        => RingMemory.FromAddress(ring.ControlAddress, ring.DataAddress, ring.DataSize, ring.IsDataMappedTwice, ring);
}
