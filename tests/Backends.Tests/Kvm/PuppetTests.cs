using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Kvm;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>What a guest that finds Hyper-V meets: CPUID, SynIC registers, interrupts, the statuses of hypercalls.</summary>
[SupportedOSPlatform("linux")]
public sealed class PuppetTests
{
    private const uint Connection = 0x2005;
    private const uint VpIndexRegister = 0x4000_0002;

    [KvmFact(hyperv: true)]
    public void A_guest_finds_Hyper_V_and_a_place_for_each_VP()
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = 3 });
        using var puppet = new KvmPuppetPlatform(partition);
        for (int vp = 0; vp < 3; vp++)
        {
            (uint eax, uint ebx, uint ecx, uint edx) = puppet.Vps[vp].Cpuid(0x4000_0000);
            Assert.Equal((0x4000_0005u, "Microsoft Hv"), (eax, Encoding.ASCII.GetString(MemoryMarshal.AsBytes<uint>([ebx, ecx, edx]))));
            Assert.Equal(0x3123_7648u, puppet.Vps[vp].Cpuid(0x4000_0001).Eax);
            // Hypercalls, the SynIC, the VP's index, the reference counter.
            Assert.Equal(0x66u, puppet.Vps[vp].Cpuid(0x4000_0003).Eax & 0x66);
            (_, ebx, ecx, _) = puppet.Vps[vp].Cpuid(1);
            Assert.Equal(((uint)vp, 1u), (ebx >> 24, ecx >> 31));
            Assert.Equal((ulong)vp, puppet.Vps[vp].ReadRegister(VpIndexRegister));
            Assert.Equal(0ul, puppet.Vps[vp].Faults);
        }
    }

    [KvmFact(hyperv: true)]
    public void SynIC_registers_read_back_and_a_page_that_is_not_there_takes_nothing()
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv);
        using var puppet = new KvmPuppetPlatform(partition);
        PuppetVp vp = puppet.Vps[0];
        Assert.Equal((1ul, SynicMsr.Version, PuppetProgram.SynicPages(0) | 1, PuppetProgram.SynicPages(0) + 0x1001, (ulong)PuppetProgram.InterruptVector),
            (vp.ReadRegister(SynicMsr.Scontrol), vp.ReadRegister(SynicMsr.Sversion), vp.ReadRegister(SynicMsr.Simp), vp.ReadRegister(SynicMsr.Siefp),
                vp.ReadRegister(SynicMsr.Sint0 + SynicMsr.VmBusSint)));
        using IEventFlag flag = partition.TryCreateEventFlag(new MessageTarget(0), 5)!;
        var target = new MessageTarget(0);
        Assert.Equal((HypercallStatus.Success, HypercallStatus.Success), (flag.Signal(), partition.PostMessage(target, [1])));

        // Off, elsewhere, behind the end of the memory.
        foreach (ulong page in new[] { 0ul, PuppetProgram.SynicPages(0), (ulong)partition.GuestMemory.Size | 1, ulong.MaxValue })
        {
            vp.WriteRegister(SynicMsr.Simp, page);
            vp.WriteRegister(SynicMsr.Siefp, page);
            Assert.Equal((HypercallStatus.InvalidSynicState, HypercallStatus.InvalidSynicState), (flag.Signal(), partition.PostMessage(target, [1])));
        }
        puppet.EnableSynic(0);
        Assert.Equal((HypercallStatus.Success, HypercallStatus.Success), (flag.Signal(), partition.PostMessage(target, [1])));
        vp.WriteRegister(SynicMsr.Scontrol, 0);
        Assert.Equal((HypercallStatus.InvalidSynicState, HypercallStatus.InvalidSynicState), (flag.Signal(), partition.PostMessage(target, [1])));
    }

    [KvmFact(hyperv: true)]
    public void An_event_flag_interrupts_when_it_was_clear_and_only_then()
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = 2 });
        using var puppet = new KvmPuppetPlatform(partition);
        // A flag of a SINT that nobody but this test looks at.
        const byte Sint = 4;
        for (int vp = 0; vp < 2; vp++)
        {
            puppet.Vps[vp].WriteRegister(SynicMsr.Sint0 + Sint, SynicSint.Unmasked(0xF4).Value);
            ulong before = puppet.Vps[vp].Interrupts, other = puppet.Vps[1 - vp].Interrupts;
            using IEventFlag flag = partition.TryCreateEventFlag(new MessageTarget((uint)vp, Sint), 100)!;
            Span<ulong> words = new SynicEventFlagsPageView(partition.GuestMemory.Translate(PuppetProgram.SynicPages(vp) + 0x1000, 4096)).Flags(Sint);
            for (ulong round = 1; round <= 3; round++)
            {
                Assert.Equal(HypercallStatus.Success, flag.Signal());
                UntilInterrupts(puppet.Vps[vp], before + round);
                Assert.Equal(1ul << 36, words[1]);
                Assert.Equal(HypercallStatus.Success, flag.Signal());
                Settle(puppet.Vps[vp]);
                Assert.Equal(before + round, puppet.Vps[vp].Interrupts);
                Interlocked.And(ref words[1], 0);
            }
            Settle(puppet.Vps[1 - vp]);
            Assert.Equal(other, puppet.Vps[1 - vp].Interrupts);
        }
    }

    [KvmFact(hyperv: true)]
    public void A_message_interrupts_and_lies_in_its_slot_and_the_write_to_EOM_says_that_it_is_free()
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv);
        using var puppet = new KvmPuppetPlatform(partition);
        const byte Sint = 4;
        PuppetVp vp = puppet.Vps[0];
        vp.WriteRegister(SynicMsr.Sint0 + Sint, SynicSint.Unmasked(0xF4).Value);
        int freed = 0;
        using IDisposable watch = partition.WatchMessageSlots(() => Interlocked.Increment(ref freed));
        ulong before = vp.Interrupts;
        var target = new MessageTarget(0, Sint);
        Assert.Equal(HypercallStatus.Success, partition.PostMessage(target, [1, 2, 3]));
        UntilInterrupts(vp, before + 1);
        ref SynicMessage slot = ref new SynicMessagePageView(partition.GuestMemory.Translate(PuppetProgram.SynicPages(0), 4096)).Slot(Sint);
        Assert.Equal((SynicMessageType.Channel, 3, SynicMessageFlags.None), (slot.Header.MessageType, slot.Header.PayloadSize, slot.Header.MessageFlags));
        Assert.Equal(0x030201ul, slot.Payload[0]);
        Assert.Equal(HypercallStatus.ObjectInUse, partition.PostMessage(target, [4]));
        Assert.Equal(SynicMessageFlags.Pending, slot.Header.MessageFlags);
        int told = Volatile.Read(ref freed);
        MessageSlot.Free(ref slot.Header);
        vp.WriteRegister(SynicMsr.Eom, 0);
        Background.Until(() => Volatile.Read(ref freed) > told, "the write to EOM is told");
        Assert.Equal(HypercallStatus.Success, partition.PostMessage(target, [4]));
        UntilInterrupts(vp, before + 2);
    }

    [KvmFact(hyperv: true)]
    public void Malformed_hypercalls_are_answered_and_counted()
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv with { UseEventFds = false });
        using var puppet = new KvmPuppetPlatform(partition);
        PuppetVp vp = puppet.Vps[0];
        int messages = 0, events = 0;
        using IDisposable forMessages = partition.ConnectMessages(1, _ => Count(ref messages));
        using IDisposable forEvents = partition.ConnectEvents(Connection, () => events++);
        ulong post = new HypercallControl(HypercallCode.PostMessage).Value, signal = new HypercallControl(HypercallCode.SignalEvent).Value;
        ulong fast = signal | HypercallControl.FastBit, input = PuppetProgram.Input(0), end = (ulong)partition.GuestMemory.Size;
        long refused = partition.RefusedHypercalls;

        Assert.Equal(HypercallStatus.InvalidAlignment, Call(post, input + 4));
        Assert.Equal(HypercallStatus.InvalidAlignment, Call(post, input + 4096 - 248));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Call(post, end));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Call(post, 0xFFFF_FFFF_FFFF_F000));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Call(post | HypercallControl.FastBit, input));
        Assert.Equal(HypercallStatus.InvalidConnectionId, Call(fast, Connection + 1));
        Assert.Equal(HypercallStatus.InvalidPortId, Call(fast, 1));
        Assert.Equal(HypercallStatus.InvalidAlignment, Call(signal, input + 4));
        Assert.Equal(HypercallStatus.InvalidParameter, Post(Connection, size: 241));
        Assert.Equal(HypercallStatus.InvalidParameter, Post(1, type: SynicMessageType.None));
        Assert.Equal(HypercallStatus.InvalidParameter, Post(1, type: (SynicMessageType)0x8000_0001));
        Assert.Equal(HypercallStatus.InvalidPortId, Post(Connection));
        Assert.Equal(HypercallStatus.InvalidConnectionId, Post(99));
        Assert.True(partition.RefusedHypercalls > refused);
        Assert.Equal((0, 0), (messages, events));

        Assert.Equal(HypercallStatus.Success, Post(1));
        Assert.Equal(HypercallStatus.Success, Call(fast, Connection));
        BitConverter.TryWriteBytes(partition.GuestMemory.Bytes(input, 8), (ulong)Connection);
        Assert.Equal(HypercallStatus.Success, Call(signal, input));
        Assert.Equal((1, 2), (messages, events));
        Assert.True(partition.Processors[0].Hypercalls > 0);

        HypercallStatus Call(ulong control, ulong argument) => (HypercallStatus)(vp.Hypercall(control, argument, 0) & 0xFFFF);

        HypercallStatus Post(uint connection, int size = 8, SynicMessageType type = SynicMessageType.Channel)
        {
            var message = new PostMessageInput { ConnectionId = connection, MessageType = type, PayloadSize = (uint)size };
            return (HypercallStatus)vp.Hypercall(post, MemoryMarshal.AsBytes(new ReadOnlySpan<PostMessageInput>(in message)));
        }

        static HypercallStatus Count(ref int count)
        {
            count++;
            return HypercallStatus.Success;
        }
    }

    [KvmFact(hyperv: true)]
    public void Signals_by_eventfd_stay_in_the_kernel_and_others_come_out()
    {
        foreach (bool eventFds in new[] { true, false })
        {
            using var partition = new KvmPartition(KvmNeeds.OfHyperv with { UseEventFds = eventFds });
            using var puppet = new KvmPuppetPlatform(partition);
            int events = 0;
            using IDisposable connection = partition.ConnectEvents(Connection, () => Interlocked.Increment(ref events));
            long before = partition.Processors[0].Hypercalls;
            for (int i = 1; i <= 10; i++)
            {
                Assert.Equal(HypercallStatus.Success, puppet.CreateSignalPath(Connection, isMonitored: false).Signal());
                Background.Until(() => Volatile.Read(ref events) == i, "the signal arrives");
            }
            Assert.Equal(eventFds ? 0 : 10, partition.Processors[0].Hypercalls - before);
        }
    }

    [KvmFact(hyperv: true)]
    public void A_guest_with_everything_in_use_leaves_nothing_behind()
    {
        Once();
        KvmResources before = KvmResources.Count();
        for (int round = 0; round < 3; round++)
            Once();
        before.AssertUnchanged();

        static void Once()
        {
            using var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = 2 });
            using var puppet = new KvmPuppetPlatform(partition);
            using ISignalGate gate = partition.CreateGate();
            using IDisposable events = partition.ConnectEvents(Connection, gate);
            for (uint vp = 0; vp < 2; vp++)
            {
                using IEventFlag flag = partition.TryCreateEventFlag(new MessageTarget(vp), 5)!;
                flag.Signal();
                partition.PostMessage(new MessageTarget(vp), [1]);
            }
            using IGuestPages pages = puppet.AllocatePages(1);
            using IMonitorPage monitor = partition.TryOpenMonitorPage(pages.PageFrames.Span[0] * 4096, MonitorDirection.ChildToParent)!;
            monitor.Register(1, Connection, 0, 10_000);
        }
    }

    // Interrupts arrive by an eventfd: a moment later.
    private static void UntilInterrupts(PuppetVp vp, ulong count) => Background.Until(() =>
    {
        vp.TakeInterrupts();
        return vp.Interrupts >= count;
    }, $"{count} interrupts");

    // A wrong interrupt would come within these, of a VP that does nothing else.
    private static void Settle(PuppetVp vp)
    {
        for (int i = 0; i < 20; i++)
            vp.TakeInterrupts();
    }
}
