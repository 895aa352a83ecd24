using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Kvm;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Kvm;

// KVM writes the messages of a guest's timers into the same slots, on the VP's thread. Here a test plays the kernel and the guest.
[SupportedOSPlatform("linux")]
public sealed class KvmSynicTests : IDisposable
{
    private const int Sint = 2;
    private const ulong Enabled = 1;

    private readonly GuestMemory _memory = new(4 * GuestMemory.PageSize, shared: false);
    private readonly EventFd _interrupt = EventFd.Create();
    private readonly KvmSynic _synic;

    public KvmSynicTests()
    {
        _synic = new KvmSynic(_memory);
        _synic.Update(new KvmSynicState(0, Enabled, GuestMemory.PageSize | Enabled, 2 * GuestMemory.PageSize | Enabled));
    }

    private ref SynicMessage Slot => ref Unsafe.AsRef(in new SynicMessagePageView(_memory.Translate(2 * GuestMemory.PageSize, GuestMemory.PageSize)).Slot(Sint));

    public void Dispose()
    {
        _interrupt.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void The_slot_is_not_touched_before_the_VPs_thread_delivers()
    {
        Assert.Equal(HypercallStatus.Success, _synic.Stage(Sint, [1], _interrupt));
        Assert.Equal(SynicMessageType.None, Slot.Header.MessageType);
        Assert.True(_synic.HasStaged);

        Assert.False(_synic.Deliver());
        Assert.Equal((SynicMessageType.Channel, (byte)1), (Slot.Header.MessageType, Slot.Header.PayloadSize));
        Assert.True(_interrupt.TryConsume(out _));
        Assert.False(_synic.HasStaged);
    }

    [Fact]
    public void A_timers_message_that_comes_in_between_and_the_staged_one_both_reach_the_guest()
    {
        Assert.Equal(HypercallStatus.Success, _synic.Stage(Sint, [1], _interrupt));
        Slot.Header.MessageType = SynicMessageType.TimerExpired;    // KVM's, before it enters the guest

        _synic.Deliver();
        Assert.Equal(SynicMessageType.TimerExpired, Slot.Header.MessageType);
        Assert.True((Slot.Header.MessageFlags & SynicMessageFlags.Pending) != 0, "The guest is not asked for an EOM.");
        Assert.False(_interrupt.TryConsume(out _));

        MessageSlot.Free(ref Slot.Header);
        _synic.Deliver();
        Assert.Equal(SynicMessageType.Channel, Slot.Header.MessageType);
        Assert.True(_interrupt.TryConsume(out _));
    }

    [Fact]
    public void A_full_slot_is_marked_by_the_VPs_thread_alone()
    {
        Slot.Header.MessageType = SynicMessageType.TimerExpired;

        Assert.Equal(HypercallStatus.ObjectInUse, _synic.Stage(Sint, [1], _interrupt));
        Assert.Equal(SynicMessageFlags.None, Slot.Header.MessageFlags);
        Assert.False(_synic.Deliver());
        Assert.Equal(SynicMessageFlags.Pending, Slot.Header.MessageFlags);
        Assert.False(_synic.HasStaged);
    }

    [Fact]
    public void A_slot_that_was_freed_meanwhile_is_told()
    {
        Slot.Header.MessageType = SynicMessageType.TimerExpired;
        Assert.Equal(HypercallStatus.ObjectInUse, _synic.Stage(Sint, [1], _interrupt));
        MessageSlot.Free(ref Slot.Header);

        Assert.True(_synic.Deliver());
        Assert.Equal(SynicMessageType.None, Slot.Header.MessageType);
    }

    [Fact]
    public void One_message_is_staged_at_a_time_and_the_VPs_own_thread_does_not_overtake_it()
    {
        Assert.Equal(HypercallStatus.Success, _synic.Stage(Sint, [1], _interrupt));
        Assert.Equal(HypercallStatus.ObjectInUse, _synic.Stage(Sint, [1, 2], _interrupt));
        Assert.Equal(HypercallStatus.ObjectInUse, _synic.Post(Sint, [1, 2], _interrupt));

        _synic.Deliver();
        Assert.Equal(1, Slot.Header.PayloadSize);
    }

    [Fact]
    public void A_reset_drops_what_is_staged()
    {
        Assert.Equal(HypercallStatus.Success, _synic.Stage(Sint, [1], _interrupt));

        _synic.Reset();

        Assert.False(_synic.HasStaged);
        Assert.Equal(HypercallStatus.InvalidSynicState, _synic.Stage(Sint, [1], _interrupt));
    }
}
