using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Kvm;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>Guests whose VPs but the first were woken as a kernel wakes them: what each of them does counts for all.</summary>
[SupportedOSPlatform("linux")]
public sealed class SeveralVpsTests
{
    private const int Vps = 3;
    private const byte Sint = 4;
    private const int Flag = 100;

    [KvmFact(hyperv: true)]
    public void A_triple_fault_of_any_VP_ends_the_guest_and_leaves_no_VP_running()
    {
        EachEnds(GuestEndReason.TripleFault, (partition, vp) =>
        {
            // A register that is not there, and no handler for the fault, nor for that of having none.
            partition.GuestMemory.Bytes(PuppetProgram.InterruptTable, 4096).Clear();
            vp.WriteRegister(0x4000_00EE, 1);
        });
    }

    [KvmFact(hyperv: true)]
    public void A_reset_by_any_VP_ends_the_guest_and_leaves_no_VP_running()
    {
        EachEnds(GuestEndReason.Reset, (_, vp) => vp.WritePort(PowerPorts.ResetPort, PowerPorts.ResetValue));
    }

    [KvmFact(hyperv: true)]
    public void A_flag_that_is_aimed_at_another_VP_interrupts_that_one_alone()
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = Vps });
        using var puppet = new KvmPuppetPlatform(partition);
        for (int vp = 0; vp < Vps; vp++)
            puppet.Vps[vp].WriteRegister(SynicMsr.Sint0 + Sint, SynicSint.Unmasked(0xF4).Value);
        using IEventFlag flag = partition.TryCreateEventFlag(new MessageTarget(0, Sint), Flag)!;
        ulong[] expected = Interrupts();
        foreach (int vp in new[] { 2, 1, 1, 0, 2 })
        {
            flag.Retarget((uint)vp);
            Assert.Equal(HypercallStatus.Success, flag.Signal());
            expected[vp]++;
            Background.Until(() => Interrupts()[vp] >= expected[vp], "the interrupt comes");
            for (int i = 0; i < 20; i++)
                Assert.Equal(expected, Interrupts());
            Assert.Equal(1ul << (Flag % 64), Interlocked.Exchange(ref Word(vp), 0));
        }

        ulong[] Interrupts() => [.. puppet.Vps.Select(vp =>
        {
            vp.TakeInterrupts();
            return vp.Interrupts;
        })];

        ref ulong Word(int vp) => ref FlagWord(partition, vp);
    }

    [KvmFact(hyperv: true)]
    public void No_flag_is_set_at_a_VP_any_more_once_it_is_aimed_at_another()
    {
        using var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = 2 });
        using var puppet = new KvmPuppetPlatform(partition);
        using IEventFlag flag = partition.TryCreateEventFlag(new MessageTarget(0, Sint), Flag)!;
        bool ended = false;
        Background signalling = Background.Run(() =>
        {
            while (!Volatile.Read(ref ended))
                flag.Signal();
        });
        try
        {
            for (int round = 1; round <= 3000; round++)
            {
                int old = (round + 1) % 2;
                flag.Retarget((uint)(round % 2));
                Interlocked.Exchange(ref FlagWord(partition, old), 0);
                for (int look = 0; look < 5; look++)
                {
                    Thread.Yield();
                    Assert.Equal(0ul, Volatile.Read(ref FlagWord(partition, old)));
                }
            }
        }
        finally
        {
            Volatile.Write(ref ended, true);
            signalling.Join();
        }
    }

    private static void EachEnds(GuestEndReason reason, Action<KvmPartition, PuppetVp> act)
    {
        Once(0);
        KvmResources before = KvmResources.Count();
        for (int vp = 0; vp < Vps; vp++)
            Once(vp);
        before.AssertUnchanged();

        void Once(int vp)
        {
            using var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = Vps });
            partition.AddPorts(ResetPort.Acpi(() => partition.Stop(GuestEndReason.Reset, "A VP said so.")));
            using var puppet = new KvmPuppetPlatform(partition);
            // The command is the VP's last: it does not come back.
            Assert.Throws<InvalidOperationException>(() => act(partition, puppet.Vps[vp]));
            Assert.Equal(reason, partition.Ended.Result.Reason);
            if (reason == GuestEndReason.TripleFault)
                Assert.Contains($"VP {vp} ", partition.Ended.Result.Detail, StringComparison.Ordinal);
        }
    }

    private static ref ulong FlagWord(KvmPartition partition, int vp) =>
        ref new SynicEventFlagsPageView(partition.GuestMemory.Translate(PuppetProgram.SynicPages(vp) + 0x1000, 4096)).Flags(Sint)[Flag / 64];
}
