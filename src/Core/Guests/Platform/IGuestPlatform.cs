// What a guest has of its hypervisor: hypercalls, its SynIC, memory that it can show. The seam between a guest's end of
// the bus and whatever it runs on.

using VmBus.Layout;

namespace VmBus.Guests;

/// <summary>A guest's own platform. Thread-safe.</summary>
internal interface IGuestPlatform
{
    /// <summary>How many VPs the guest has.</summary>
    int VpCount { get; }

    /// <summary>Posts a message: <c>HvCallPostMessage</c> with the message type of channel messages.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="payload">The message, up to 240 bytes.</param>
    /// <returns>What the hypervisor answered.</returns>
    HypercallStatus PostMessage(uint connectionId, ReadOnlySpan<byte> payload);

    /// <summary>Has the host's messages handed over, in the order they came.</summary>
    /// <param name="handler">Called on any thread, one message at a time.</param>
    /// <returns>
    /// Disposed to take no more: a call of the handler that is under way on another thread is waited for, and what comes
    /// later stays in its slot for the next handler.
    /// </returns>
    /// <exception cref="InvalidOperationException">They are taken already: the guest is connected.</exception>
    IDisposable ReceiveMessages(HostMessageHandler handler);

    /// <summary>Takes zeroed pages.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="InsufficientMemoryException">There are not as many.</exception>
    IGuestPages AllocatePages(int count);

    /// <summary>Takes memory for a channel's rings.</summary>
    /// <param name="outgoingSize">Bytes of data of the ring the guest writes: whole pages.</param>
    /// <param name="incomingSize">Bytes of data of the ring the guest reads: whole pages.</param>
    /// <exception cref="InsufficientMemoryException">There is not as much.</exception>
    IGuestRings AllocateRings(int outgoingSize, int incomingSize);

    /// <summary>Takes over pages that were left, as they are.</summary>
    /// <param name="pageFrames">Their frames, in order.</param>
    /// <returns>
    /// The pages; <see langword="null"/> when they are not taken, or cannot be mapped one behind the other.
    /// </returns>
    IGuestPages? TryAdoptPages(ReadOnlySpan<ulong> pageFrames);

    /// <summary>Takes over a channel's rings that were left, as they are.</summary>
    /// <param name="pageFrames">The frames of the outgoing ring, then of the incoming one: each a control page and data.</param>
    /// <param name="downstreamPageOffset">How many of them are the outgoing ring's.</param>
    /// <returns>The rings; <see langword="null"/> when the pages are not taken, or are no two rings.</returns>
    IGuestRings? TryAdoptRings(ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset);

    /// <summary>Maps a page that the host put into the guest's address space.</summary>
    /// <param name="gpa">Its guest physical address.</param>
    /// <returns>The page; <see langword="null"/> when there is none.</returns>
    IMappedPage? TryMapHostPage(ulong gpa);

    /// <summary>Makes the immediate signal of a channel: <c>HvCallSignalEvent</c>.</summary>
    /// <param name="connectionId">The channel's connection.</param>
    /// <param name="isMonitored">Whether the channel has a monitor as well.</param>
    ISignalPath CreateSignalPath(uint connectionId, bool isMonitored);

    /// <summary>Makes a gate to wait on. Dispose it when the channel is closed.</summary>
    ISignalGate CreateGate();

    /// <summary>Has a channel's event flag set a gate, whichever VP is interrupted.</summary>
    /// <param name="flag">The event flag: the channel's relid.</param>
    /// <param name="gate">A gate of this platform.</param>
    /// <returns>Disposed to route it no more.</returns>
    /// <exception cref="InvalidOperationException">The flag is routed already.</exception>
    IDisposable RouteEvents(uint flag, ISignalGate gate);

    /// <summary>
    /// Has one shared event flag say that the receive half of an interrupt page names the channels meant: before
    /// protocol 2.4.
    /// </summary>
    /// <param name="page">The page; <see langword="null"/> where each channel has its own flag.</param>
    void ShareEvents(InterruptPageView? page);
}
