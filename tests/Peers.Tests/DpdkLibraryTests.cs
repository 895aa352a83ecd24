namespace VmBus.Peers.Tests;

public class DpdkLibraryTests
{
    /// <summary>Runs everywhere: it is what tells a machine without the library from one where nothing was tried.</summary>
    [Fact]
    public void The_library_is_there_or_it_is_said_how_to_get_it()
    {
        bool loaded = DpdkLibrary.TryLoad(out DpdkLibrary? library, out string whyNot);
        Assert.Equal(loaded, library is not null);
        if (loaded)
        {
            Assert.Empty(whyNot);
            Assert.Contains("librte_bus_vmbus.so.23", library!.Path, StringComparison.Ordinal);
        }
        else if (OperatingSystem.IsLinux())
        {
            Assert.Matches(@"install-peers\.sh|x86-64 only", whyNot);
        }
    }

    [Fact]
    public void The_library_is_of_the_release_whose_structs_are_known()
        => Assert.EndsWith("librte_bus_vmbus.so.23.0", Dpdk.Library.Path, StringComparison.Ordinal);
}
