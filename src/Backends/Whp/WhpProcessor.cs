// One VP and the thread that runs it. What WhpProcessor's run loop does in OpenVMM (vmm_core/virt_whp).

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Whp;

/// <summary>A VP of a <see cref="WhpPartition"/>.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WhpProcessor
{
    // The bits of the deliverability register that name SINTs.
    private const int SintShift = 48;

    private const int InvalidOpcode = 6;
    private const int GeneralProtection = 13;

    // VMCALL and VMMCALL, where the exit does not tell the length.
    private const int HypercallLength = 3;

    private readonly WhpPartition _partition;
    private readonly Lock _sync = new();
    private Thread? _thread;
    private bool _stopped;
    private bool _ended;
    private uint _wantedSints;
    private uint _notifiedSints;
    private long _exits;
    private long _hypercalls;

    internal WhpProcessor(WhpPartition partition, WhpVp vp)
    {
        _partition = partition;
        Vp = vp;
    }

    /// <summary>Its index.</summary>
    public int Index => Vp.Index;

    /// <summary>The VP as the platform has it. Registers may be set before <see cref="GuestPartition.Start"/>.</summary>
    public WhpVp Vp { get; }

    /// <summary>How often it came out of the hypervisor.</summary>
    public long Exits => Volatile.Read(ref _exits);

    /// <summary>How many hypercalls came out of the hypervisor.</summary>
    public long Hypercalls => Volatile.Read(ref _hypercalls);

    internal void Start()
    {
        lock (_sync)
        {
            if (_stopped || _thread is not null)
                return;
            _thread = new Thread(Run) { IsBackground = true, Name = $"vmbus-vp{Index}" };
            _thread.Start();
        }
    }

    // Ends the thread, which may be the caller's own.
    internal void Stop()
    {
        lock (_sync)
        {
            Volatile.Write(ref _stopped, true);
            if (_thread is not null && !_ended)
                Vp.Cancel();
        }
    }

    internal void Join()
    {
        Thread? thread;
        lock (_sync)
            thread = _thread;
        if (thread is not null && thread != Thread.CurrentThread)
            thread.Join();
    }

    // Asks for an exit when the slot of a SINT is free. Registers belong to the thread that runs the VP, so it is called
    // back for that.
    internal void WatchSlot(byte sint)
    {
        Interlocked.Or(ref _wantedSints, 1u << sint);
        lock (_sync)
        {
            if (_thread is not null && !_ended)
                Vp.Cancel();
        }
    }

    private void Run()
    {
        try
        {
            while (!Volatile.Read(ref _stopped))
            {
                NotifyWantedSints();
                GuestEnd? end = Handle(in Vp.Run());
                Interlocked.Increment(ref _exits);
                if (end is not null)
                {
                    _partition.End(end);
                    return;
                }
            }
        }
        catch (WhpException error)
        {
            _partition.End(new GuestEnd(GuestEndReason.Failed, error.Message));
        }
        finally
        {
            lock (_sync)
                _ended = true;
        }
    }

    private void NotifyWantedSints()
    {
        uint wanted = Interlocked.Exchange(ref _wantedSints, 0);
        if (wanted == 0)
            return;
        _notifiedSints |= wanted;
        Vp.SetRegisters([WhpRegister.DeliverabilityNotifications], [new WhpRegisterValue((ulong)_notifiedSints << SintShift)]);
    }

    // What the guest needs; how it ended when it has.
    private GuestEnd? Handle(in WhpExit exit)
    {
        switch (exit.Reason)
        {
            case WhpExitReason.Canceled or WhpExitReason.None:
                return null;
            case WhpExitReason.Hypercall:
                HandleHypercall(in exit);
                return null;
            case WhpExitReason.SintDeliverable:
                // The hypervisor has taken the notification out of the register.
                _notifiedSints &= ~(uint)exit.SintDeliverable.DeliverableSints;
                _partition.SlotsChanged();
                return null;
            case WhpExitReason.Msr:
                // Every register that a guest of VMBus needs is the hypervisor's: no other exists.
                Raise(GeneralProtection, hasErrorCode: true);
                return null;
            case WhpExitReason.Port when !exit.Port.IsString:
                HandlePort(in exit);
                return null;
            case WhpExitReason.UnrecoverableException:
                return new GuestEnd(GuestEndReason.TripleFault, $"VP {Index} had a triple fault at 0x{exit.Vp.Rip:x}.");
            case WhpExitReason.Halt:
                return new GuestEnd(GuestEndReason.Halted, $"VP {Index} halted at 0x{exit.Vp.Rip:x}, where no interrupt reaches it.");
            case WhpExitReason.Memory:
                return new GuestEnd(GuestEndReason.Failed,
                    $"VP {Index} touched 0x{exit.Memory.Gpa:x} at 0x{exit.Vp.Rip:x}: there is no memory, and instructions are not emulated.");
            default:
                return new GuestEnd(GuestEndReason.Failed, $"VP {Index} could not continue at 0x{exit.Vp.Rip:x}: {exit.Reason}.");
        }
    }

    private void HandleHypercall(in WhpExit exit)
    {
        Interlocked.Increment(ref _hypercalls);
        if (exit.Vp.PrivilegeLevel != 0)
        {
            Raise(InvalidOpcode, hasErrorCode: false);
            return;
        }
        WhpHypercall call = exit.Hypercall;
        ulong next = exit.Vp.Rip + (ulong)(exit.Vp.InstructionLength is var length and not 0 ? length : HypercallLength);
        if (exit.Vp.IsLongMode)
        {
            ulong result = (ulong)_partition.Calls.Call(new HypercallControl(call.Rcx), call.Rdx);
            Vp.SetRegisters([WhpRegister.Rax, WhpRegister.Rip], [new(result), new(next)]);
        }
        else
        {
            // EDX:EAX is the control word and takes the result, EBX:ECX is the input.
            ulong result = (ulong)_partition.Calls.Call(new HypercallControl(Join(call.Rdx, call.Rax)), Join(call.Rbx, call.Rcx));
            Vp.SetRegisters([WhpRegister.Rax, WhpRegister.Rdx, WhpRegister.Rip], [new((uint)result), new(result >> 32), new(next)]);
        }

        static ulong Join(ulong high, ulong low) => high << 32 | (uint)low;
    }

    // Ports without a device read as ones, as an empty bus does, and take what is written.
    private void HandlePort(in WhpExit exit)
    {
        ulong next = exit.Vp.Rip + (ulong)exit.Vp.InstructionLength;
        if (exit.Port.IsWrite)
        {
            Vp.SetRegisters([WhpRegister.Rip], [new(next)]);
            return;
        }
        ulong ones = exit.Port.Size switch { 1 => 0xFF, 2 => 0xFFFF, _ => 0xFFFF_FFFF };
        // A read of 32 bits clears the upper half, as every write to a 32-bit register does.
        ulong rax = exit.Port.Size == 4 ? ones : exit.Port.Rax | ones;
        Vp.SetRegisters([WhpRegister.Rax, WhpRegister.Rip], [new(rax), new(next)]);
    }

    private void Raise(int vector, bool hasErrorCode) =>
        Vp.SetRegisters([WhpRegister.PendingEvent], [new(1 | (hasErrorCode ? 1ul << 8 : 0) | (ulong)vector << 16)]);
}
