namespace VmBus.Peers.Tests;

/// <summary>DPDK's library, or a skipped test that cannot be overlooked.</summary>
internal static class Dpdk
{
    // "required": where it has just been installed, a library that does not load is a failure, not a skip.
    private const string Switch = "VMBUS_PEERS";

    private static readonly Lazy<(DpdkLibrary? Library, string WhyNot)> Loaded = new(Load);

    public static DpdkLibrary Library
    {
        get
        {
            (DpdkLibrary? library, string whyNot) = Loaded.Value;
            if (library is null)
            {
                Assert.False(Environment.GetEnvironmentVariable(Switch) == "required", whyNot);
                Assert.Skip($"NOT TESTED AGAINST DPDK. {whyNot}");
            }

            return library!;
        }
    }

    private static (DpdkLibrary? Library, string WhyNot) Load()
    {
        if (!DpdkLibrary.TryLoad(out DpdkLibrary? library, out string whyNot))
            Console.Error.WriteLine($"\n*** SKIPPED: nothing here is tested against DPDK's own code. {whyNot}\n");
        return (library, whyNot);
    }
}
