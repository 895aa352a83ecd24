// The memory a target's ring lies in: mapped, with inaccessible pages before and behind, so that one byte too far is not
// silent.

using System.Buffers.Binary;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Fuzz;

/// <summary>A ring between guard pages, and its words as the other side sees them.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FuzzRing
{
    /// <summary>Offsets of the control page's words.</summary>
    public const int WriteIndex = 0, ReadIndex = 4, InterruptMask = 8, PendingSendSize = 12, FeatureBits = 64;

    [ThreadStatic]
    private static FuzzRing?[]? _rings;

    private readonly MappedRing _mapping;

    private FuzzRing(int dataSize, bool twice)
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-fuzz", RingMemory.PageSize + dataSize);
        _mapping = twice ? MappedMemory.MapRing(memory, 0, dataSize) : MappedMemory.MapSingleRing(memory, 0, dataSize);
        Memory = RingMemory.FromAddress(_mapping.ControlAddress, _mapping.DataAddress, dataSize, _mapping.IsDataMappedTwice, _mapping);
    }

    public RingMemory Memory { get; }

    public Span<byte> Data => _mapping.AsSpan().Slice(RingMemory.PageSize, Memory.DataSize);

    /// <summary>A zeroed ring of one page or two. One of each kind is kept: mapping again would cost more than the run.</summary>
    public static FuzzRing Get(bool twoPages, bool twice)
    {
        _rings ??= new FuzzRing?[4];
        FuzzRing ring = _rings[(twoPages ? 1 : 0) + (twice ? 2 : 0)]
            ??= new FuzzRing(RingMemory.PageSize * (twoPages ? 2 : 1), twice);
        ring._mapping.AsSpan()[..(RingMemory.PageSize + ring.Memory.DataSize)].Clear();
        return ring;
    }

    public uint Load(int word) => BinaryPrimitives.ReadUInt32LittleEndian(_mapping.AsSpan()[word..]);

    public void Store(int word, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_mapping.AsSpan()[word..], value);

    /// <summary>Bytes of data from an index on, around the end of the ring.</summary>
    public void Put(uint index, ReadOnlySpan<byte> bytes)
    {
        Span<byte> data = Data;
        bytes = bytes[..Math.Min(bytes.Length, data.Length)];
        int at = (int)(index % (uint)data.Length);
        int first = Math.Min(bytes.Length, data.Length - at);
        bytes[..first].CopyTo(data[at..]);
        bytes[first..].CopyTo(data);
    }
}
