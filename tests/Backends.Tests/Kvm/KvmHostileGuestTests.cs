using System.Runtime.Versioning;
using VmBus.Backends.Tests.Hostile;
using VmBus.Kvm;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>A hostile guest under KVM: its hypercalls go through the kernel, and it writes its SynIC's registers as well.</summary>
[SupportedOSPlatform("linux")]
public sealed class KvmHostileGuestTests
{
    [KvmFact(hyperv: true)]
    public Task A_hostile_guest_harms_neither_its_host_nor_its_own_other_channel() => RunAsync(seed: 4, eventFds: true);

    [KvmFact(hyperv: true)]
    public Task A_hostile_guest_without_eventfds_does_no_harm_either() => RunAsync(seed: 5, eventFds: false);

    private static async Task RunAsync(int seed, bool eventFds)
    {
        KvmResources before = KvmResources.Count();
        using (var partition = new KvmPartition(KvmNeeds.OfHyperv with { VpCount = 2, UseEventFds = eventFds }))
        using (var puppet = new KvmPuppetPlatform(partition))
        {
            await HostileGuestRun.RunAsync(seed, 1500, partition, puppet, partition.GuestMemory,
                (control, input) => puppet.Vps[1].Hypercall(control, input, 0),
                (hostile, random) => ScribbleRegisters(puppet.Vps[1], hostile, random));
            Assert.False(partition.Ended.IsCompleted);
            Assert.True(partition.RefusedHypercalls > 0);
        }
        before.AssertUnchanged();
    }

    // The SynIC of the VP that the other half does not use: off, on, its pages anywhere but in that half's memory.
    private static void ScribbleRegisters(PuppetVp vp, HostileGuest hostile, Random random)
    {
        if (random.Next(8) != 0)
            return;
        ulong page = random.Next(4) switch { 0 => 0, 1 => (ulong)random.NextInt64() | 1ul << 40, 2 => ulong.MaxValue, _ => hostile.AnyPage | 1 };
        (uint register, ulong value) = random.Next(6) switch
        {
            0 => (SynicMsr.Simp, page),
            1 => (SynicMsr.Siefp, page),
            2 => (SynicMsr.Scontrol, (ulong)random.NextInt64()),
            3 => (SynicMsr.Scontrol, 1ul),
            4 => (SynicMsr.Eom, (ulong)random.NextInt64()),
            _ => (SynicMsr.Sint0 + (uint)random.Next(16), (ulong)random.NextInt64(1 << 20)),
        };
        vp.WriteRegister(register, value);
    }
}
