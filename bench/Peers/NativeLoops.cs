// The loops in native/, built where they run: with this machine's compiler, for this machine's processor.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace VmBus.Peers;

/// <summary>C's side of the comparison, compiled by gcc when it is asked for.</summary>
/// <remarks>Each loop answers with a sum over what it read, or a negative number when a ring broke.</remarks>
public sealed unsafe class NativeLoops
{
    private static readonly string[] Sources = ["floor.c", "dpdk.c"];

    // No GC transition is suppressed: a slice takes milliseconds.
    private readonly delegate* unmanaged<FloorRing*, FloorRing*, byte*, uint, long, long> _floorPairs;
    private readonly delegate* unmanaged<FloorRing*, FloorRing*, byte*, uint, long, int, long> _floorBatches;
    private readonly delegate* unmanaged<FloorRing*, byte*, uint, long, int, long> _floorProduce;
    private readonly delegate* unmanaged<FloorRing*, long, int, long> _floorConsume;
    private readonly delegate* unmanaged<FloorRing*, FloorRing*, byte*, uint, long, int, long> _floorPingPong;
    private readonly delegate* unmanaged<DpdkCalls*, byte*, uint, long, long> _dpdkPairs;
    private readonly delegate* unmanaged<DpdkCalls*, byte*, uint, long, int, long> _dpdkBatches;
    private readonly delegate* unmanaged<DpdkCalls*, byte*, uint, long, int, long> _dpdkProduce;
    private readonly delegate* unmanaged<DpdkCalls*, long, int, long> _dpdkConsume;
    private readonly delegate* unmanaged<DpdkCalls*, byte*, uint, long, int, long> _dpdkPingPong;

    private NativeLoops(nint library, string compiler)
    {
        Compiler = compiler;
        _floorPairs = (delegate* unmanaged<FloorRing*, FloorRing*, byte*, uint, long, long>)NativeLibrary.GetExport(library, "floor_pairs");
        _floorBatches = (delegate* unmanaged<FloorRing*, FloorRing*, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "floor_batches");
        _floorProduce = (delegate* unmanaged<FloorRing*, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "floor_produce");
        _floorConsume = (delegate* unmanaged<FloorRing*, long, int, long>)NativeLibrary.GetExport(library, "floor_consume");
        _floorPingPong = (delegate* unmanaged<FloorRing*, FloorRing*, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "floor_ping_pong");
        _dpdkPairs = (delegate* unmanaged<DpdkCalls*, byte*, uint, long, long>)NativeLibrary.GetExport(library, "dpdk_pairs");
        _dpdkBatches = (delegate* unmanaged<DpdkCalls*, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "dpdk_batches");
        _dpdkProduce = (delegate* unmanaged<DpdkCalls*, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "dpdk_produce");
        _dpdkConsume = (delegate* unmanaged<DpdkCalls*, long, int, long>)NativeLibrary.GetExport(library, "dpdk_consume");
        _dpdkPingPong = (delegate* unmanaged<DpdkCalls*, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "dpdk_ping_pong");
    }

    /// <summary>The compiler's first line about itself, and how it was called.</summary>
    public string Compiler { get; }

    /// <summary>Compiles and loads the loops.</summary>
    /// <param name="loops">The loops.</param>
    /// <param name="whyNot">Why there are none.</param>
    /// <returns>Whether they were loaded.</returns>
    public static bool TryBuild([NotNullWhen(true)] out NativeLoops? loops, out string whyNot)
    {
        loops = null;
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !OperatingSystem.IsLinux())
        {
            whyNot = "The C loops pause as x86-64 does; they are built on Linux on x86-64 only.";
            return false;
        }

        string sources = Path.Combine(AppContext.BaseDirectory, "native");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vmbus-loops-");
        try
        {
            string output = Path.Combine(folder.FullName, "libloops.so");
            if (!Gcc.TryRun(["--version"], out string version, out whyNot)
                || !Gcc.TryRun([.. Gcc.LibraryFlags, "-o", output, .. Sources.Select(file => Path.Combine(sources, file))], out _, out whyNot))
                return false;
            loops = new NativeLoops(NativeLibrary.Load(output), $"{version.Split('\n')[0]}, {string.Join(' ', Gcc.LibraryFlags)}");
            return true;
        }
        finally
        {
            // What is loaded stays loaded without its file.
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The floor, one packet written and read at a time.</summary>
    public long FloorPairs(FloorRing* writer, FloorRing* reader, byte* payload, uint length, long count)
        => _floorPairs(writer, reader, payload, length, count);

    /// <summary>The floor, a batch written and read at a time.</summary>
    public long FloorBatches(FloorRing* writer, FloorRing* reader, byte* payload, uint length, long count, int batch)
        => _floorBatches(writer, reader, payload, length, count, batch);

    /// <summary>The floor's writing thread.</summary>
    public long FloorProduce(FloorRing* writer, byte* payload, uint length, long count, int batch)
        => _floorProduce(writer, payload, length, count, batch);

    /// <summary>The floor's reading thread.</summary>
    public long FloorConsume(FloorRing* reader, long count, int batch) => _floorConsume(reader, count, batch);

    /// <summary>One side of the floor's ping-pong.</summary>
    public long FloorPingPong(FloorRing* writer, FloorRing* reader, byte* payload, uint length, long count, int first)
        => _floorPingPong(writer, reader, payload, length, count, first);

    /// <summary>DPDK, one packet sent and received at a time.</summary>
    public long DpdkPairs(DpdkCalls* calls, byte* payload, uint length, long count) => _dpdkPairs(calls, payload, length, count);

    /// <summary>DPDK, a batch sent and received at a time, with one signal each.</summary>
    public long DpdkBatches(DpdkCalls* calls, byte* payload, uint length, long count, int batch)
        => _dpdkBatches(calls, payload, length, count, batch);

    /// <summary>DPDK's sending thread.</summary>
    public long DpdkProduce(DpdkCalls* calls, byte* payload, uint length, long count, int batch)
        => _dpdkProduce(calls, payload, length, count, batch);

    /// <summary>DPDK's receiving thread.</summary>
    public long DpdkConsume(DpdkCalls* calls, long count, int batch) => _dpdkConsume(calls, count, batch);

    /// <summary>One side of DPDK's ping-pong.</summary>
    public long DpdkPingPong(DpdkCalls* calls, byte* payload, uint length, long count, int first)
        => _dpdkPingPong(calls, payload, length, count, first);
}
