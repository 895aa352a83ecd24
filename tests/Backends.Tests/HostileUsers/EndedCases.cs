namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>Every public type that ends, by name: <see cref="EveryTypeIsHereTests"/> says when one is missing.</summary>
internal static class EndedCases
{
    public static IReadOnlyDictionary<string, Func<Task<EndedCase>>> All { get; } = new Dictionary<string, Func<Task<EndedCase>>>(
        EndedChannels.All.Concat(EndedBuses.All).Concat(EndedDevices.All).Concat(OperatingSystem.IsLinux() ? EndedLinuxTypes.All : []), StringComparer.Ordinal);

    /// <summary>Types that end, and are tried elsewhere or cannot be tried here.</summary>
    public static IReadOnlyDictionary<string, string> Elsewhere { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["ChannelReadBatch"] = "a ref struct: ChannelEndTests, OpenBatchTests",
        ["ChannelWriteBatch"] = "a ref struct: ChannelEndTests, OpenBatchTests",
        ["IncomingBatch"] = "a ref struct: ChannelEndTests, OpenBatchTests",
        ["OutgoingBatch"] = "a ref struct: ChannelEndTests, OpenBatchTests",
        ["IFileCopyFile"] = "users make these; ours is FileCopyFolder's, tried with it",
        ["UtilDaemon"] = "abstract: KvpDaemon and VssDaemon",
        ["GuestPartition"] = "abstract: GuestPartitionEndTests, KvmEndedTests",
        ["KvmPartition"] = "needs /dev/kvm: KvmEndedTests",
        ["LinuxMachine"] = "needs /dev/kvm: KvmEndedTests",
        ["WhpPartition"] = "needs Windows: WhpEndedTests",
    };

    /// <summary>Types whose documentation keeps other threads out while they end, and with what words.</summary>
    public static IReadOnlyDictionary<string, string> EndedAlone { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["ReceivedPacket"] = "Belongs to one thread at a time.",
        ["ConversationReader"] = "Not thread-safe.",
        ["PipeTransport"] = "One thread reads and one writes at a time.",
        ["InMemoryVmBus"] = "Dispose must come when no thread uses it or its channels any more.",
        ["FileCopyFolder"] = "Not thread-safe; files that were begun may outlive it.",
        ["VmBusBinding"] = "Not thread-safe.",
        ["VmBusWatcher"] = "No thread may wait meanwhile.",
    };

    /// <summary>Whether a row's end is a save, which refuses where there is no connection any more.</summary>
    public static bool IsSave(string row) => row.EndsWith(": saved", StringComparison.Ordinal);

    /// <summary>The name of a row's type: a row may say how it ends behind a colon.</summary>
    public static string TypeOf(string row) => row.Split(':')[0];
}
