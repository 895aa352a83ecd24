using System.Runtime.Versioning;
using VmBus.Backends.Tests.HostileUsers;
using VmBus.Backends.Tests.Kvm.Machine;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>A guest of KVM and its machine, used after their end and beside it, as <see cref="EndedCases"/> are.</summary>
[SupportedOSPlatform("linux")]
public sealed class KvmEndedTests
{
    private const int Rounds = 20;

    [KvmFact(hyperv: true)]
    public Task A_partition_does_after_its_end_what_it_is_documented_to() => AfterAsync(Partition);

    [KvmFact(hyperv: true)]
    public Task A_machine_does_after_its_end_what_it_is_documented_to() => AfterAsync(Machine);

    [KvmFact(hyperv: true)]
    public Task A_partition_that_ends_beside_its_uses_ends_them() => BesideAsync(Partition);

    [KvmFact(hyperv: true)]
    public Task A_machine_that_ends_beside_its_uses_ends_them() => BesideAsync(Machine);

    private static async Task AfterAsync(Func<Task<EndedCase>> make)
    {
        KvmResources before = KvmResources.Count();
        await using (EndedCase made = await make())
            Assert.Empty(EndedTrials.MethodsOf(made.Subject.GetType()).Except(made.Uses.Select(use => use.Name)));
        await EndedTrials.TryAsync(make);
        before.AssertUnchanged();
    }

    private static async Task BesideAsync(Func<Task<EndedCase>> make)
    {
        KvmResources before = KvmResources.Count();
        var dice = new Random(7);
        for (int round = 0; round < Rounds; round++)
            await EndedTrials.RaceAsync(make, isSave: false, round, dice);
        before.AssertUnchanged();
    }

    private static Task<EndedCase> Partition()
    {
        var partition = new KvmPartition(KvmNeeds.OfHyperv);
        return Task.FromResult(new EndedCase(partition).EndedBy(partition.Dispose)
            .Throws("CreateHost", () => partition.CreateHost().DisposeAsync().AsTask())
            .Throws("RestoreHost", () => partition.RestoreHost([]).DisposeAsync().AsTask())
            .Throws("Start", partition.Start)
            .Throws("SetLine", () => partition.SetLine(4, isRaised: false))
            .Answers("Stop", partition.Stop)
            .Answers("GetSignals", () => partition.GetSignals(1))
            .After(partition.Dispose));
    }

    private static Task<EndedCase> Machine()
    {
        byte[] kernel = TinyImage.Create(TinyGuest.Assemble(64, static a => a.hlt(), 0x10_0000 + LinuxImage.Entry));
        var machine = new LinuxMachine(new LinuxMachineOptions { Kernel = kernel, Partition = KvmNeeds.OfHyperv });
        return Task.FromResult(new EndedCase(machine).EndedBy(machine.Dispose).EndedBy(machine.Partition.Dispose)
            .Throws("Start", machine.Start)
            .Throws("Type", () => machine.Type("x"u8))
            .After(machine.Dispose));
    }
}
