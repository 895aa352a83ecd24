using System.Buffers.Binary;

namespace VmBus.Fuzz;

/// <summary>Takes values off the front of an input; past its end everything is zero.</summary>
public ref struct FuzzInput(ReadOnlySpan<byte> rest)
{
    private ReadOnlySpan<byte> _rest = rest;

    /// <summary>What is left.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Whether nothing is left.</summary>
    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>Takes a byte.</summary>
    public byte Byte()
    {
        if (_rest.IsEmpty)
            return 0;
        byte value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    /// <summary>Takes four bytes, little-endian.</summary>
    public uint Word()
    {
        Span<byte> word = stackalloc byte[4];
        word.Clear();
        ReadOnlySpan<byte> taken = Take(4);
        taken.CopyTo(word);
        return BinaryPrimitives.ReadUInt32LittleEndian(word);
    }

    /// <summary>Takes up to so many bytes.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        ReadOnlySpan<byte> taken = _rest[..Math.Min(count, _rest.Length)];
        _rest = _rest[taken.Length..];
        return taken;
    }
}
