// A host's immediate signal to a guest: one event flag of one VP. Mirrors HvCallSignalEventDirect,
// WHvSignalVirtualProcessorSynicEvent, and a write to a guest's event-flags page under KVM.

namespace VmBus.Hosting;

/// <summary>An event flag that a host sets: <see cref="ISignalPath.Signal"/> interrupts the VP when the flag was clear.</summary>
internal interface IEventFlag : ISignalPath, IDisposable
{
    /// <summary>
    /// Makes the connection by which a monitor of the page from parent to child signals the flag. It follows the flag to
    /// another VP, and goes with it.
    /// </summary>
    /// <returns>The connection; <see langword="null"/> where no such page is examined.</returns>
    uint? ConnectMonitor();

    /// <summary>Lets the flag interrupt another VP from now on. A signal on its way may still reach the old one.</summary>
    /// <param name="vp">The VP, by index.</param>
    void Retarget(uint vp);
}
