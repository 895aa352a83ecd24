// The synthetic interrupt controller of one VP: registers, event flags, message slots. Mirrors TLFS chapter 11 (SCONTROL,
// SIEFP, SIMP, EOM, SINT0..15). Its registers are in Synic.Registers.cs.

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// A SynIC. Thread-safe: any thread may signal and post, and the thread that plays the VP accesses the registers.
/// </summary>
/// <remarks>Interrupts are raised after the SynIC's own lock is released, so a sink may call back into it.</remarks>
internal sealed partial class Synic
{
    private readonly Lock _sync = new();
    private readonly Partition _partition;
    private readonly InterruptLine[] _lines = new InterruptLine[SynicMsr.SintCount];
    private readonly Queue<QueuedMessage>[] _queues = new Queue<QueuedMessage>[SynicMsr.SintCount];

    // What a signal needs of the registers, made again by every write to them, so that signals need no lock.
    private readonly EventTarget?[] _targets = new EventTarget?[SynicMsr.SintCount];

    internal Synic(Partition partition)
    {
        _partition = partition;
        for (int sint = 0; sint < SynicMsr.SintCount; sint++)
        {
            _lines[sint] = new InterruptLine(sint, partition.Hypervisor.CreateInterruptGate());
            _queues[sint] = new Queue<QueuedMessage>();
            _sints[sint] = SynicSint.Reset;
        }
    }

    /// <summary>
    /// Raised, on the thread that writes a register, when a message slot that was full may be free or one may have come
    /// into being. A handler must not block.
    /// </summary>
    internal event Action? SlotsChanged;

    /// <summary>Where the interrupts of a SINT come out.</summary>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <exception cref="IndexOutOfRangeException">No such SINT.</exception>
    public InterruptLine Line(int sint) => _lines[sint];

    /// <summary>How many interrupts the VP has had from all SINTs.</summary>
    public long Interrupts
    {
        get
        {
            long sum = 0;
            foreach (InterruptLine line in _lines)
                sum += line.Interrupts;
            return sum;
        }
    }

    // Sets an event flag; an interrupt only when it was clear.
    internal HypercallStatus SignalEvent(int sint, int flag, out bool newlySignalled)
    {
        newlySignalled = false;
        if (Volatile.Read(ref _targets[sint]) is not { } target)
            return HypercallStatus.InvalidSynicState;
        ref ulong word = ref target.Page.Flags(sint)[flag >> 6];
        ulong mask = 1UL << flag;
        newlySignalled = (Interlocked.Or(ref word, mask) & mask) == 0;
        if (newlySignalled && !target.IsPolled)
            _lines[sint].Raise(target.Vector);
        return HypercallStatus.Success;
    }

    // Buffers a message and delivers it when the slot is free.
    internal HypercallStatus Post(MessagePort port, in SynicMessage message)
    {
        bool interrupt;
        SynicSint register;
        lock (_sync)
        {
            register = _sints[port.Sint];
            if (!AcceptsMessages(port.Sint))
                return HypercallStatus.InvalidSynicState;
            if (port.Queued == port.Buffers)
                return HypercallStatus.InsufficientBuffers;
            port.Queued++;
            _queues[port.Sint].Enqueue(new QueuedMessage(port, message));
            interrupt = DeliverNext(port.Sint);
        }
        if (interrupt)
            _lines[port.Sint].Raise(register.Vector);
        return HypercallStatus.Success;
    }

    // Writes a message into the slot at once, past every queue, or not at all.
    internal HypercallStatus PostDirect(int sint, in SynicMessage message)
    {
        SynicSint register;
        lock (_sync)
        {
            register = _sints[sint];
            if (!AcceptsMessages(sint))
                return HypercallStatus.InvalidSynicState;
            if (_queues[sint].Count > 0 || !IsSlotFree(sint))
                return HypercallStatus.ObjectInUse;
            WriteSlot(sint, message);
        }
        if (!register.IsPolling)
            _lines[sint].Raise(register.Vector);
        return HypercallStatus.Success;
    }

    // A deleted port takes its undelivered messages with it.
    internal void Discard(MessagePort port)
    {
        lock (_sync)
        {
            Queue<QueuedMessage> queue = _queues[port.Sint];
            for (int left = queue.Count; left > 0; left--)
            {
                QueuedMessage message = queue.Dequeue();
                if (message.Port != port)
                    queue.Enqueue(message);
            }
        }
    }

    // Under the lock. Returns whether the VP is to be interrupted.
    private bool DeliverNext(int sint)
    {
        Queue<QueuedMessage> queue = _queues[sint];
        if (queue.Count == 0 || !AcceptsMessages(sint) || !IsSlotFree(sint))
            return false;
        QueuedMessage next = queue.Dequeue();
        next.Port.Queued--;
        next.Port.MessageDelivered();
        WriteSlot(sint, next.Message);
        return !_sints[sint].IsPolling;
    }

    private bool IsSlotFree(int sint) => MessageSlot.IsFree(ref new SynicMessagePageView(_messagePage).Slot(sint).Header);

    private void WriteSlot(int sint, in SynicMessage message) =>
        MessageSlot.Write(ref new SynicMessagePageView(_messagePage).Slot(sint), message, isMoreWaiting: _queues[sint].Count > 0);

    private sealed class QueuedMessage(MessagePort port, in SynicMessage message)
    {
        public readonly MessagePort Port = port;
        public readonly SynicMessage Message = message;
    }

    private sealed class EventTarget(SynicEventFlagsPageView page, SynicSint register)
    {
        public readonly SynicEventFlagsPageView Page = page;
        public readonly byte Vector = register.Vector;
        public readonly bool IsPolled = register.IsPolling;
    }
}
