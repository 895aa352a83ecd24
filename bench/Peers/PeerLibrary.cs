// A shared library that a user adds to the comparison. Mirrors native/peer/vmbus_peer.h.

using System.Runtime.InteropServices;

namespace VmBus.Peers;

/// <summary>The functions of a peer's library. It is loaded once and stays loaded.</summary>
public sealed unsafe class PeerLibrary
{
    /// <summary>The version of <c>vmbus_peer.h</c>: <c>VMBUS_PEER_ABI</c>.</summary>
    public const uint Abi = 1;

    private const int LongestName = 24;

    private readonly delegate* unmanaged<PeerMemory*, PeerMemory*, nint> _open;
    private readonly delegate* unmanaged<nint, void> _close;
    private readonly delegate* unmanaged<nint, nint, byte*, uint, long, int, long> _alone;
    private readonly delegate* unmanaged<nint, byte*, uint, long, int, long> _produce;
    private readonly delegate* unmanaged<nint, long, int, long> _consume;
    private readonly delegate* unmanaged<nint, byte*, uint, long, int, long> _pingPong;

    private PeerLibrary(nint library, string name)
    {
        Name = name;
        _open = (delegate* unmanaged<PeerMemory*, PeerMemory*, nint>)NativeLibrary.GetExport(library, "vmbus_peer_open");
        _close = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "vmbus_peer_close");
        _alone = (delegate* unmanaged<nint, nint, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "vmbus_peer_alone");
        _produce = (delegate* unmanaged<nint, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "vmbus_peer_produce");
        _consume = (delegate* unmanaged<nint, long, int, long>)NativeLibrary.GetExport(library, "vmbus_peer_consume");
        _pingPong = (delegate* unmanaged<nint, byte*, uint, long, int, long>)NativeLibrary.GetExport(library, "vmbus_peer_ping_pong");
    }

    /// <summary>What it calls itself.</summary>
    public string Name { get; }

    /// <summary>Loads a library.</summary>
    /// <param name="path">Its file.</param>
    /// <exception cref="FormatException">It cannot be loaded, is of another version, or lacks a function or a name.</exception>
    public static PeerLibrary Load(string path)
    {
        try
        {
            nint library = NativeLibrary.Load(Path.GetFullPath(path));
            uint abi = ((delegate* unmanaged<uint>)NativeLibrary.GetExport(library, "vmbus_peer_abi"))();
            if (abi != Abi)
                throw new FormatException($"{path}: the library is of version {abi} of vmbus_peer.h, this program of {Abi}.");
            string? name = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "vmbus_peer_name"))());
            if (name is not { Length: > 0 and <= LongestName })
                throw new FormatException($"{path}: vmbus_peer_name answers '{name}'; 1 to {LongestName} letters are wanted.");
            return new PeerLibrary(library, name);
        }
        catch (Exception wrong) when (wrong is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new FormatException($"{path}: {wrong.Message}", wrong);
        }
    }

    /// <summary>Opens one end of a channel.</summary>
    /// <param name="outgoing">The ring it sends into.</param>
    /// <param name="incoming">The ring it receives from.</param>
    /// <returns>The end, for the other calls; close it before the rings go.</returns>
    /// <exception cref="InvalidOperationException">The library cannot.</exception>
    public nint Open(PeerMemory outgoing, PeerMemory incoming)
    {
        nint end = _open(&outgoing, &incoming);
        return end != 0 ? end : throw new InvalidOperationException($"{Name}: vmbus_peer_open answered NULL.");
    }

    /// <summary>Closes an end.</summary>
    public void Close(nint end) => _close(end);

    /// <summary>One thread writes and reads.</summary>
    public long Alone(nint sender, nint receiver, byte* payload, uint length, long count, int batch)
        => _alone(sender, receiver, payload, length, count, batch);

    /// <summary>The writing thread.</summary>
    public long Produce(nint end, byte* payload, uint length, long count, int batch) => _produce(end, payload, length, count, batch);

    /// <summary>The reading thread.</summary>
    public long Consume(nint end, long count, int batch) => _consume(end, count, batch);

    /// <summary>One side of a ping-pong.</summary>
    public long PingPong(nint end, byte* payload, uint length, long count, int first) => _pingPong(end, payload, length, count, first);
}
