// The interrupt service routine of VMBus: which channels were signalled, and what message came. Mirrors vmbus_isr,
// vmbus_chan_sched and vmbus_on_msg_dpc (Linux drivers/hv/vmbus_drv.c): event flags first, then messages.

using System.Numerics;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// Drains the event flags of one SINT of one VP, and sets the gate of each channel whose flag was set; then hands out
/// the messages. Thread-safe.
/// </summary>
internal sealed class EventFlagDispatcher : IInterruptSink, IDisposable
{
    private const int MessagesIdle = 0;
    private const int MessagesRunning = 1;
    private const int MessagesAgain = 2;

    private readonly Synic _synic;
    private readonly int _sint;
    private readonly bool _readsSendHalf;
    private volatile SharedPage? _shared;
    private ISignalGate?[] _gates;
    private readonly Thread? _thread;
    private readonly CancellationTokenSource _stop = new();
    private volatile SynicMessageHandler? _messageReceived;
    private readonly Lock _taking = new();
    private int _messageState;
    private long _dispatches;
    private long _signals;
    private long _unclaimed;
    private long _messages;
    private bool _disposed;

    /// <summary>Makes a dispatcher where each channel has its own event flag (every VMBus since Windows 8).</summary>
    public EventFlagDispatcher(VirtualProcessor vp, int sint = SynicMsr.VmBusSint, DispatchMode mode = DispatchMode.Inline)
        : this(vp, sint, mode, null, false)
    {
    }

    /// <summary>
    /// Makes a dispatcher where all channels share event flag 0, and one half of an interrupt page says which were meant
    /// (before Windows 8).
    /// </summary>
    /// <param name="vp">The VP.</param>
    /// <param name="sint">The SINT.</param>
    /// <param name="mode">On whose time it runs.</param>
    /// <param name="interruptPage">The interrupt page.</param>
    /// <param name="readsSendHalf">Whether to drain the send half, as a host does, rather than the receive half.</param>
    public EventFlagDispatcher(VirtualProcessor vp, int sint, DispatchMode mode, InterruptPageView interruptPage, bool readsSendHalf)
        : this(vp, sint, mode, (InterruptPageView?)interruptPage, readsSendHalf)
    {
    }

    private EventFlagDispatcher(VirtualProcessor vp, int sint, DispatchMode mode, InterruptPageView? interruptPage, bool readsSendHalf)
    {
        ArgumentNullException.ThrowIfNull(vp);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sint, (uint)SynicMsr.SintCount, nameof(sint));
        _synic = vp.Synic;
        _sint = sint;
        _readsSendHalf = readsSendHalf;
        _gates = new ISignalGate?[SynicEventFlags.FlagCount];
        ShareEvents(interruptPage);
        if (mode == DispatchMode.Inline)
        {
            _synic.Line(sint).Sink = this;
            return;
        }
        _thread = new Thread(Run) { IsBackground = true, Name = $"vmbus-vp{vp.Partition.Id}.{vp.Index}" };
        _thread.Start();
    }

    /// <summary>How often it ran.</summary>
    public long Dispatches => Volatile.Read(ref _dispatches);

    /// <summary>How many signals it passed on to a gate.</summary>
    public long Signals => Volatile.Read(ref _signals);

    /// <summary>How many signals were for relids without a gate.</summary>
    public long Unclaimed => Volatile.Read(ref _unclaimed);

    /// <summary>How many messages it handed out.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>
    /// Takes the messages, one at a time, on the thread that dispatches. While there is none, messages stay in their
    /// slot. Setting it hands out what waits there; taking it away waits for a message that is being handed out.
    /// </summary>
    public SynicMessageHandler? MessageReceived
    {
        get => _messageReceived;
        set
        {
            // A message leaves its slot and is handed out under the lock: none is lost to a handler that has just gone.
            lock (_taking)
                _messageReceived = value;
            if (value is not null)
                TakeMessages();
        }
    }

    /// <summary>Says which gate a channel's signals set.</summary>
    /// <param name="relid">The channel's relid: its event flag, or its bit in the interrupt page.</param>
    /// <param name="gate">The gate.</param>
    /// <exception cref="ArgumentOutOfRangeException">The relid is too large.</exception>
    /// <exception cref="InvalidOperationException">The relid already has a gate.</exception>
    public void Register(uint relid, ISignalGate gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(relid, (uint)_gates.Length);
        if (Interlocked.CompareExchange(ref _gates[relid], gate, null) is not null)
            throw new InvalidOperationException($"Relid {relid} already has a gate.");
    }

    /// <summary>
    /// Has event flag 0 stand for all channels and an interrupt page say which were meant, or each channel for its own
    /// flag again. To be decided before channels are registered.
    /// </summary>
    /// <param name="page">The page; <see langword="null"/> where each channel has its own flag.</param>
    public void ShareEvents(InterruptPageView? page)
    {
        if (page is not null && _gates.Length < InterruptPage.BitsPerHalf)
            Array.Resize(ref _gates, InterruptPage.BitsPerHalf);
        _shared = page is { } view ? new SharedPage(view) : null;
    }

    /// <summary>Forgets a channel's gate. Signals for it are then counted as <see cref="Unclaimed"/>.</summary>
    public void Unregister(uint relid) => Interlocked.Exchange(ref _gates[relid], null);

    /// <summary>Runs once, on this thread, as if interrupted.</summary>
    public void Dispatch()
    {
        Interlocked.Increment(ref _dispatches);
        if (_synic.EventFlagsPage is { } flagsPage)
        {
            if (_shared is { } shared)
                DrainShared(flagsPage, shared.View);
            else
                Drain(flagsPage.Flags(_sint));
        }
        if (_messageReceived is not null)
            TakeMessages();
    }

    void IInterruptSink.Interrupt(int sint, byte vector) => Dispatch();

    /// <summary>Stops taking interrupts.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_synic.Line(_sint).Sink == this)
            _synic.Line(_sint).Sink = null;
        _stop.Cancel();
        _thread?.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        WakeGate interrupts = _synic.Line(_sint).Gate;
        try
        {
            while (true)
            {
                interrupts.Wait(Timeout.InfiniteTimeSpan, _stop.Token);
                Dispatch();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed: the one way this loop ends.
        }
    }

    // The shared flag is taken before the page is drained: a bit set after the drain comes with a flag of its own.
    private void DrainShared(SynicEventFlagsPageView flagsPage, InterruptPageView page)
    {
        ref ulong first = ref flagsPage.Flags(_sint)[0];
        if ((Volatile.Read(ref first) & 1) == 0 || (Interlocked.And(ref first, ~1UL) & 1) == 0)
            return;
        Drain(_readsSendHalf ? page.Send : page.Receive);
    }

    // A bit is taken before its gate is set, and its setter wrote the ring before the bit: the waiter that the gate wakes
    // sees what it was woken for. A bit set again after it was taken comes with an interrupt of its own.
    private void Drain(Span<ulong> words)
    {
        for (int index = 0; index < words.Length; index++)
        {
            if (Volatile.Read(ref words[index]) == 0)
                continue;
            for (ulong taken = Interlocked.Exchange(ref words[index], 0); taken != 0; taken &= taken - 1)
                SignalChannel(index * 64 + BitOperations.TrailingZeroCount(taken));
        }
    }

    private void SignalChannel(int relid)
    {
        if (Volatile.Read(ref _gates[relid]) is { } gate)
        {
            Interlocked.Increment(ref _signals);
            gate.Set();
        }
        else
        {
            Interlocked.Increment(ref _unclaimed);
        }
    }

    // One thread hands out messages; another that is interrupted meanwhile, or the handler's own EOM, makes it look again.
    private void TakeMessages()
    {
        if (Interlocked.CompareExchange(ref _messageState, MessagesRunning, MessagesIdle) != MessagesIdle
            && Interlocked.Exchange(ref _messageState, MessagesAgain) != MessagesIdle)
        {
            return;
        }
        do
        {
            // A full fence: the slot must not be read before a thread that comes now can see that it has to say so.
            Interlocked.Exchange(ref _messageState, MessagesRunning);
            while (TakeMessage())
                Interlocked.Increment(ref _messages);
        }
        while (Interlocked.CompareExchange(ref _messageState, MessagesIdle, MessagesRunning) != MessagesRunning);
    }

    private bool TakeMessage()
    {
        lock (_taking)
            return TakeNext();
    }

    private bool TakeNext()
    {
        if (_messageReceived is not { } handler || _synic.MessagePage is not { } page)
            return false;
        ref SynicMessage slot = ref page.Slot(_sint);
        if (MessageSlot.ReadType(ref slot.Header) == SynicMessageType.None)
            return false;
        SynicMessage message = slot;
        MessageSlot.Free(ref slot.Header);
        // Freed and fenced before the mark is read: either the sender sees the free slot or we see its mark.
        if ((slot.Header.MessageFlags & SynicMessageFlags.Pending) != 0)
            _synic.WriteMsr(SynicMsr.Eom, 0);
        handler(_sint, message);
        return true;
    }

    private sealed class SharedPage(InterruptPageView view)
    {
        public readonly InterruptPageView View = view;
    }
}
