// The immediate signal "look at your ring": a hypercall, an event flag or a write to a device, depending on
// the backend. ChannelSignaler decides when to take it.

using VmBus.Layout;

namespace VmBus;

/// <summary>
/// The immediate signal of one channel in one direction: what <c>vmbus_set_event</c> is to a Linux guest, and the
/// event-flag write plus interrupt is to a host.
/// </summary>
/// <remarks>
/// Implementations are bound to one channel (its connection id and flag, or its target VP and relid), must be
/// callable from any thread, must not allocate, and must act as a full memory barrier before the other side can
/// observe the signal.
/// </remarks>
internal interface ISignalPath
{
    /// <summary>What this path can really do. It loses <see cref="SignalCapabilities.Hypercall"/> only by a signal that failed.</summary>
    SignalCapabilities Capabilities { get; }

    /// <summary>Checks whether the path can do more than before, and uses that. Called when a mode is set.</summary>
    /// <returns>What it can do now.</returns>
    SignalCapabilities Review() => Capabilities;

    /// <summary>Signals the other side now.</summary>
    /// <returns>
    /// <see cref="HypercallStatus.Success"/>, or the status the hypervisor answered. A failed signal is counted by
    /// the caller, never retried: every VMBus guest ignores the status, because a signal on a closing channel is
    /// expected to fail. Where the channel has a monitor, the signal is left to that.
    /// </returns>
    HypercallStatus Signal();
}
