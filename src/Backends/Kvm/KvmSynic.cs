// The SynIC of one VP as its host uses it: KVM keeps the registers and the interrupts, the host writes into the two pages.
// Mirrors hw/hyperv/hyperv.c of QEMU in what is done, and the TLFS, chapter 11, in how.
//
// KVM writes messages too: those of a guest's synthetic timers, where they do not interrupt directly. Linux has them in the slot of
// VMBus. KVM checks the slot and writes it in two steps, on the VP's thread, before it enters the guest. So nothing else may touch a
// slot while the VP is in the guest: other threads stage a message then, and the VP's thread delivers it.

using System.Numerics;
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
    private Staged? _staged;
    private uint _full;     // SINTs whose full slot is to be marked, so that the guest says when it is free
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

    /// <summary>Turns it off, as a reset does. A message that is staged is lost.</summary>
    public void Reset()
    {
        Update(default);
        lock (_posting)
            (_staged, _full) = (null, 0);
    }

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

    /// <summary>
    /// Writes a message into its slot when that is free, and interrupts the VP. To be called while the VP is not in the guest.
    /// </summary>
    public HypercallStatus Post(int sint, ReadOnlySpan<byte> payload, EventFd interrupt)
    {
        lock (_posting)
            return _staged?.Sint == sint ? HypercallStatus.ObjectInUse : Write(sint, MessageSlot.Compose(SynicMessageType.Channel, 0, payload), interrupt);
    }

    /// <summary>
    /// Keeps a message for <see cref="Deliver"/>, or has it mark the slot that is full: while the VP is in the guest. Its thread must then
    /// come to <see cref="Deliver"/>.
    /// </summary>
    public HypercallStatus Stage(int sint, ReadOnlySpan<byte> payload, EventFd interrupt)
    {
        lock (_posting)
        {
            nint page = Volatile.Read(ref _messagePage);
            if (page == 0)
                return HypercallStatus.InvalidSynicState;
            if (_staged is not null || MessageSlot.ReadType(ref new SynicMessagePageView(page).Slot(sint).Header) != SynicMessageType.None)
            {
                _full |= 1u << sint;
                return HypercallStatus.ObjectInUse;
            }

            _staged = new Staged(sint, MessageSlot.Compose(SynicMessageType.Channel, 0, payload), interrupt);
            return HypercallStatus.Success;
        }
    }

    /// <summary>Whether <see cref="Deliver"/> has something to do.</summary>
    public bool HasStaged
    {
        get
        {
            lock (_posting)
                return _staged is not null || _full != 0;
        }
    }

    /// <summary>
    /// Delivers what is staged. A slot that is full is marked: its message stays staged until the guest has freed the slot. To be called
    /// while the VP is not in the guest.
    /// </summary>
    /// <returns>Whether a slot for which a message was refused is free by now.</returns>
    public bool Deliver()
    {
        lock (_posting)
        {
            if (_staged is { } staged && Write(staged.Sint, staged.Message, staged.Interrupt) != HypercallStatus.ObjectInUse)
                _staged = null;
            nint page = Volatile.Read(ref _messagePage);
            bool isFree = false;
            for (uint full = _full; page != 0 && full != 0; full &= full - 1)
                isFree |= MessageSlot.IsFree(ref new SynicMessagePageView(page).Slot(BitOperations.TrailingZeroCount(full)).Header);
            _full = 0;
            return isFree && _staged is null;
        }
    }

    private HypercallStatus Write(int sint, in SynicMessage message, EventFd interrupt)
    {
        nint page = Volatile.Read(ref _messagePage);
        if (page == 0)
            return HypercallStatus.InvalidSynicState;
        ref SynicMessage slot = ref new SynicMessagePageView(page).Slot(sint);
        if (!MessageSlot.IsFree(ref slot.Header))
            return HypercallStatus.ObjectInUse;
        MessageSlot.Write(ref slot, message, isMoreWaiting: false);
        interrupt.Signal();
        return HypercallStatus.Success;
    }

    // A page that the guest does not have is as good as none: its registers belong to the kernel, which takes any address.
    private nint Locate(ulong value)
    {
        var register = new SynicPageRegister(value);
        return register.IsEnabled && _memory.Contains(register.Address, GuestMemory.PageSize) ? _memory.Translate(register.Address, GuestMemory.PageSize) : 0;
    }

    private sealed record Staged(int Sint, SynicMessage Message, EventFd Interrupt);
}
