// The SynIC of one VP as its host uses it: KVM keeps the registers and the interrupts, the host writes into the two pages.
// Mirrors hw/hyperv/hyperv.c of QEMU in what is done, and the TLFS, chapter 11, in how.

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Kvm;

/// <summary>Writes messages and event flags of one VP. Thread-safe.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KvmSynic
{
    private readonly GuestMemory _memory;
    private readonly Lock _posting = new();
    private nint _messagePage;
    private nint _eventFlagsPage;

    public KvmSynic(GuestMemory memory) => _memory = memory;

    /// <summary>What the guest's registers say now, told by the VP's own thread.</summary>
    public void Update(KvmSynicState state)
    {
        bool isEnabled = (state.Control & SynicMsr.ScontrolEnable) != 0;
        Volatile.Write(ref _messagePage, isEnabled ? Locate(state.MessagePage) : 0);
        Volatile.Write(ref _eventFlagsPage, isEnabled ? Locate(state.EventFlagsPage) : 0);
    }

    /// <summary>Turns it off, as a reset does.</summary>
    public void Reset() => Update(default);

    /// <summary>Sets an event flag, and interrupts the VP when it was clear.</summary>
    public HypercallStatus SignalEvent(int sint, int flag, EventFd interrupt)
    {
        nint page = Volatile.Read(ref _eventFlagsPage);
        if (page == 0)
            return HypercallStatus.InvalidSynicState;
        ref ulong word = ref new SynicEventFlagsPageView(page).Flags(sint)[flag >> 6];
        ulong mask = 1UL << flag;
        if ((Interlocked.Or(ref word, mask) & mask) == 0)
            interrupt.Signal();
        return HypercallStatus.Success;
    }

    /// <summary>Writes a message into its slot when that is free, and interrupts the VP.</summary>
    public HypercallStatus Post(int sint, ReadOnlySpan<byte> payload, EventFd interrupt)
    {
        lock (_posting)
        {
            nint page = Volatile.Read(ref _messagePage);
            if (page == 0)
                return HypercallStatus.InvalidSynicState;
            ref SynicMessage slot = ref new SynicMessagePageView(page).Slot(sint);
            if (!MessageSlot.IsFree(ref slot.Header))
                return HypercallStatus.ObjectInUse;
            MessageSlot.Write(ref slot, MessageSlot.Compose(SynicMessageType.Channel, 0, payload), isMoreWaiting: false);
        }
        interrupt.Signal();
        return HypercallStatus.Success;
    }

    // A page that the guest has not got is as good as none: its registers belong to the kernel, which takes any address.
    private nint Locate(ulong value)
    {
        var register = new SynicPageRegister(value);
        return register.IsEnabled && _memory.Contains(register.Address, GuestMemory.PageSize) ? _memory.Translate(register.Address, GuestMemory.PageSize) : 0;
    }
}
