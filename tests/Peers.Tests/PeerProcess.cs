// The test program started a second time, as the process at DPDK's end: it inherits the memory, and plays its part
// before the test platform comes to life in it.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

internal static class PeerProcess
{
    private const string Part = "VMBUS_PEERS_TESTS_PART";
    private const int SignalKill = 9;

    /// <summary>Our end here, DPDK's in another process. Returns how often this end slept.</summary>
    public static long Converse(int burst, int dataSize, int packets)
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-peers", 2 * PeerRing.SizeOf(dataSize) + 2 * MonitorPage.Size);
        memory.MakeInheritable();
        using var shared = new SharedRings(memory, dataSize);
        shared.FromParent.Control.FeatureBits = shared.FromChild.Control.FeatureBits = RingControlPage.FeaturePendingSendSize;

        using var failed = new CancellationTokenSource();
        using Process child = Start(string.Create(CultureInfo.InvariantCulture, $"{memory.Descriptor} {dataSize} {burst} {packets}"), failed);
        var ours = new Conversation(
            new OurEnd(shared.FromParent, shared.FromChild, shared.OfChild, burst, PeerTrust.Trusted),
            shared.OfParent, new Traffic(1, dataSize - 32), packets, new Traffic(2, dataSize - 32), packets);
        try
        {
            ours.Run(shared.ToString, failed.Token);
            Assert.True(child.WaitForExit(Patience.Limit), "DPDK's process does not end.");
        }
        finally
        {
            if (!child.HasExited)
                child.Kill();
        }

        Assert.Equal(0, child.ExitCode);
        return ours.Slept;
    }

    // Before Main, whenever the program starts: does nothing in the tests themselves.
#pragma warning disable CA2255 // This is the program, not a library.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Play()
    {
        if (Environment.GetEnvironmentVariable(Part) is not { } part)
            return;
        ThreadScheduling.SetParentDeathSignal(SignalKill);
        try
        {
            int[] said = [.. part.Split(' ').Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
            PlayDpdk(said[0], dataSize: said[1], burst: said[2], packets: said[3]);
            Environment.Exit(0);
        }
        catch (Exception failure)
        {
            Console.Error.WriteLine($"DPDK's process: {failure}");
            Environment.Exit(1);
        }
    }

    private static void PlayDpdk(int descriptor, int dataSize, int burst, int packets)
    {
        if (!DpdkLibrary.TryLoad(out DpdkLibrary? library, out string whyNot))
            throw new DllNotFoundException(whyNot);
        using MemfdHandle memory = MemfdHandle.Adopt(descriptor);
        using var shared = new SharedRings(memory, dataSize);
        using var end = new DpdkEnd(library, shared.FromChild, shared.FromParent, shared.OfParent, burst);
        new Conversation(end, shared.OfChild, new Traffic(2, dataSize - 32), packets, new Traffic(1, dataSize - 32), packets)
            .Run(shared.ToString, CancellationToken.None);
    }

    private static Process Start(string part, CancellationTokenSource failed)
    {
        string host = Environment.ProcessPath!;
        string[] program = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [host, typeof(PeerProcess).Assembly.Location] : [host];
        var start = new ProcessStartInfo(program[0], program[1..]);
        start.Environment[Part] = part;
        var child = new Process { StartInfo = start, EnableRaisingEvents = true };
        child.Exited += (_, _) =>
        {
            if (child.ExitCode != 0)
                failed.Cancel();
        };
        Assert.True(child.Start());
        return child;
    }

    private sealed class SharedRings(MemfdHandle memory, int dataSize) : IDisposable
    {
        public PeerRing FromParent { get; } = new(memory, 0, dataSize);

        public PeerRing FromChild { get; } = new(memory, PeerRing.SizeOf(dataSize), dataSize);

        /// <summary>What wakes the parent.</summary>
        public Doorbell OfParent { get; } = new(memory, 2 * PeerRing.SizeOf(dataSize));

        /// <summary>What wakes the child.</summary>
        public Doorbell OfChild { get; } = new(memory, 2 * PeerRing.SizeOf(dataSize) + MonitorPage.Size);

        public override string ToString() => $"from us: {FromParent}; from DPDK: {FromChild}";

        public void Dispose()
        {
            FromParent.Dispose();
            FromChild.Dispose();
            OfParent.Dispose();
            OfChild.Dispose();
        }
    }
}
