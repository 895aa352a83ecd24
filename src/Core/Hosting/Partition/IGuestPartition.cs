// A guest as its host sees it: the seam between the bus and whatever runs guests. What VmbusServer asks of a Synic port
// access and a guest memory in OpenVMM (vmcore::synic, guestmem), in one place.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>
/// One guest: its memory, what it posts and signals, and the ways to reach it. Thread-safe. Nothing here trusts the
/// guest; what it names and does not have is answered with a status or <see langword="null"/>.
/// </summary>
internal interface IGuestPartition
{
    /// <summary>How many VPs the guest has.</summary>
    int VpCount { get; }

    /// <summary>The guest's memory.</summary>
    IGuestMemory Memory { get; }

    /// <summary>Makes a gate to wait on. Dispose it when the channel is closed.</summary>
    ISignalGate CreateGate();

    /// <summary>Has the guest's messages to a connection handed over: <c>HvCallPostMessage</c>.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="handler">Called on the guest's own time: it must not block. Not called any more after disposal.</param>
    /// <returns>Disposed to take the connection away.</returns>
    /// <exception cref="InvalidOperationException">The connection is taken already.</exception>
    IDisposable ConnectMessages(uint connectionId, GuestMessageHandler handler);

    /// <summary>Has the guest's signals of a connection set a gate: <c>HvCallSignalEvent</c>, and its monitor.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="gate">A gate of this partition.</param>
    /// <returns>Disposed to take the connection away.</returns>
    /// <exception cref="InvalidOperationException">The connection is taken already, or there can be none of that number.</exception>
    IDisposable ConnectEvents(uint connectionId, ISignalGate gate);

    /// <summary>Has the guest's signals of a connection make a call.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="signalled">Called on any thread, at most once at a time a signal: it must not block.</param>
    /// <returns>Disposed to take the connection away.</returns>
    /// <exception cref="InvalidOperationException">The connection is taken already, or there can be none of that number.</exception>
    IDisposable ConnectEvents(uint connectionId, Action signalled);

    /// <summary>Writes a message into a slot of a VP's message page.</summary>
    /// <param name="target">The slot.</param>
    /// <param name="payload">The message, up to 240 bytes.</param>
    /// <returns>
    /// <see cref="HypercallStatus.Success"/>; <see cref="HypercallStatus.ObjectInUse"/> while the slot is full;
    /// <see cref="HypercallStatus.InvalidSynicState"/> while the guest takes no messages there;
    /// <see cref="HypercallStatus.InvalidVpIndex"/>.
    /// </returns>
    HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload);

    /// <summary>Says when a message slot that was full may be free: the guest's write to EOM.</summary>
    /// <param name="freed">Called on any thread: it must not block.</param>
    /// <returns>Disposed to be told no more.</returns>
    IDisposable WatchMessageSlots(Action freed);

    /// <summary>Makes a signal to the guest.</summary>
    /// <param name="target">The VP and SINT.</param>
    /// <param name="flag">The event flag, 0 to 2047: a channel's relid.</param>
    /// <returns>The flag; <see langword="null"/> when the guest has no such VP.</returns>
    IEventFlag? TryCreateEventFlag(MessageTarget target, int flag);

    /// <summary>Has a page of the guest examined as a monitor page.</summary>
    /// <param name="gpa">Its guest physical address.</param>
    /// <param name="direction">Which of the two pages it is.</param>
    /// <returns>The page; <see langword="null"/> when there is none at that address, or no such page is examined here.</returns>
    IMonitorPage? TryOpenMonitorPage(ulong gpa, MonitorDirection direction);
}
