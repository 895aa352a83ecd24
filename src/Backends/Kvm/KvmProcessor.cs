// One VP and the thread that runs it. Mirrors the run loop that every user of KVM has (QEMU accel/kvm/kvm-all.c,
// kvm_cpu_exec).

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Kvm;

/// <summary>A VP of a <see cref="KvmPartition"/>.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KvmProcessor
{
    private readonly KvmPartition _partition;
    private readonly ThreadKick _kick;
    private readonly Lock _sync = new();
    private Thread? _thread;
    private int _threadId;
    private bool _stopped;
    private bool _isCalled;     // out of the guest, to deliver what is staged
    private bool _inGuest;      // or on the way: KVM may write messages
    private bool _isReleased;
    private long _exits;
    private long _hypercalls;

    internal KvmProcessor(KvmPartition partition, int index, KvmVp vp, ThreadKick kick)
    {
        _partition = partition;
        _kick = kick;
        Index = index;
        Vp = vp;
        Synic = new KvmSynic(partition.GuestMemory);
    }

    /// <summary>Its index.</summary>
    public int Index { get; }

    /// <summary>The VP as the kernel has it. Registers may be set before <see cref="GuestPartition.Start"/>.</summary>
    public KvmVp Vp { get; }

    /// <summary>How often it came out of the kernel.</summary>
    public long Exits => Volatile.Read(ref _exits);

    /// <summary>How many hypercalls came out of the kernel.</summary>
    public long Hypercalls => Volatile.Read(ref _hypercalls);

    internal KvmSynic Synic { get; }

    internal void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = $"vmbus-vp{Index}" };
        _thread.Start();
    }

    // Ends the thread, which may be the caller's own.
    internal void Stop()
    {
        lock (_sync)
        {
            _stopped = true;
            if (_isReleased)
                return;
            Vp.ComeBack(atOnce: true);
            // Under the lock, so that the thread is still the one that had this number.
            if (_threadId != 0 && _thread != Thread.CurrentThread)
                _kick.Send(_threadId);
        }
    }

    /// <summary>Posts a message to this VP. While it is in the guest its thread is called out, to write it. Thread-safe.</summary>
    internal HypercallStatus Post(int sint, ReadOnlySpan<byte> payload, EventFd interrupt)
    {
        lock (_sync)
        {
            if (!_inGuest)
                return Synic.Post(sint, payload, interrupt);
            HypercallStatus status = Synic.Stage(sint, payload, interrupt);
            CallOut();
            return status;
        }
    }

    /// <summary>A slot of this VP may have become free. Thread-safe.</summary>
    internal void SlotFreed()
    {
        lock (_sync)
        {
            if (_inGuest)
                CallOut();
            else
                Synic.Deliver();
        }
    }

    // Under the lock: has the thread leave the guest, when something is staged.
    private void CallOut()
    {
        if (_isCalled || !Synic.HasStaged)
            return;
        _isCalled = true;
        Vp.ComeBack(atOnce: true);
        _kick.Send(_threadId);
    }

    // From here to Leave KVM may write messages. False when the VP is to stop.
    private bool Enter()
    {
        lock (_sync)
        {
            if (_stopped)
                return false;
            Vp.ComeBack(atOnce: false);
            _inGuest = true;
            return true;
        }
    }

    private void Leave()
    {
        bool isFree;
        lock (_sync)
        {
            _inGuest = false;
            isFree = _isCalled && Synic.Deliver();
            _isCalled = false;
        }

        if (isFree)
            _partition.SlotsChanged();
    }

    // Gives the VP back to the kernel. A stop at the same time, of another thread, finds nothing to stop.
    internal void Release()
    {
        lock (_sync)
        {
            _isReleased = true;
            Vp.Dispose();
        }
    }

    internal void Join()
    {
        if (_thread is { } thread && thread != Thread.CurrentThread)
            thread.Join();
    }

    private void Run()
    {
        lock (_sync)
            _threadId = ThreadKick.CurrentThread;
        try
        {
            while (Enter())
            {
                KvmExit exit;
                try
                {
                    exit = Vp.Run();
                }
                finally
                {
                    Leave();
                }

                GuestEnd? end = Handle(exit);
                Interlocked.Increment(ref _exits);
                if (end is not null)
                {
                    _partition.End(end);
                    return;
                }
            }
        }
        catch (Exception error) when (error is ErrnoException or InvalidOperationException)
        {
            _partition.End(new GuestEnd(GuestEndReason.Failed, error.Message));
        }
        finally
        {
            lock (_sync)
                _threadId = 0;
        }
    }

    // What the guest needs; how it ended when it has.
    private GuestEnd? Handle(KvmExit exit)
    {
        switch (exit)
        {
            case KvmExit.Interrupted:
                return null;
            case KvmExit.Port:
                // A device may have ended the guest: the instruction is completed by the next run, which is not to come.
                return HandlePort(Vp.PortAccess);
            case KvmExit.Memory:
                // Nothing lies outside the memory: reads are ones, writes are lost.
                if (!Vp.MemoryAccess.IsWrite)
                    Vp.MemoryData.Fill(0xFF);
                return null;
            case KvmExit.Hyperv:
                return HandleHyperv();
            case KvmExit.SystemEvent:
                return Describe(Vp.SystemEvent);
            case KvmExit.Shutdown:
                return new GuestEnd(GuestEndReason.TripleFault, $"VP {Index} had a triple fault at 0x{Vp.GetRegisters().Rip:x}.");
            case KvmExit.Halt:
                return new GuestEnd(GuestEndReason.Halted, $"VP {Index} halted at 0x{Vp.GetRegisters().Rip:x}, where no interrupt reaches it.");
            default:
                return new GuestEnd(GuestEndReason.Failed, $"VP {Index} could not continue at 0x{Vp.GetRegisters().Rip:x}: {exit}, reason 0x{Vp.FailureReason:x}.");
        }
    }

    // On a thread of its own an exception would end the process: one of a console whose disk is full, or a device's fault, ends the guest.
    private GuestEnd? HandlePort(KvmPortAccess access)
    {
        try
        {
            _partition.Ports.Handle(access, Vp.PortData);
            return null;
        }
#pragma warning disable CA1031 // Whatever it is, those that wait for the guest learn of it.
        catch (Exception error)
        {
            return new GuestEnd(GuestEndReason.Failed, $"The device at port 0x{access.Port:x} failed: {error.Message} ({error.GetType().Name})");
        }
#pragma warning restore CA1031
    }

    private GuestEnd? HandleHyperv()
    {
        switch (Vp.HypervExit)
        {
            case KvmHypervExit.Synic:
                Synic.Update(Vp.SynicState);
                SlotFreed();
                _partition.SlotsChanged();
                break;
            case KvmHypervExit.Hypercall:
                Interlocked.Increment(ref _hypercalls);
                (ulong word, ulong input, _) = Vp.Hypercall;
                var control = new HypercallControl(word);
                // From 5.14 on Linux has fetched a signal's input from memory by now, and gives it in the place of its address.
                if (control.Code == HypercallCode.SignalEvent && !control.IsFast)
                    input = Vp.GetRegisters().Rdx;
                Vp.AnswerHypercall((ulong)_partition.Calls.Call(control, input));
                break;
        }
        return null;
    }

    private GuestEnd? Describe((KvmSystemEvent Kind, ulong Detail) occurrence)
    {
        switch (occurrence.Kind)
        {
            case KvmSystemEvent.Shutdown:
                return new GuestEnd(GuestEndReason.PoweredOff, "The guest requested its end.");
            case KvmSystemEvent.Reset:
                return new GuestEnd(GuestEndReason.Reset, "The guest requested a reset.");
            case KvmSystemEvent.Crash:
                // It has only told so far: what it does next, a restart or nothing, is its own affair.
                _partition.Crashed();
                return null;
            default:
                return null;
        }
    }
}
