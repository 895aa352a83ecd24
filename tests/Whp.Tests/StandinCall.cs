using System.Runtime.InteropServices;

namespace VmBus.Whp.Tests;

/// <summary>One recorded call: its name and its arguments, one behind the other.</summary>
internal sealed record StandinCall(string Name, byte[] Bytes)
{
    public uint U32(int offset) => MemoryMarshal.Read<uint>(Bytes.AsSpan(offset));

    public ulong U64(int offset) => MemoryMarshal.Read<ulong>(Bytes.AsSpan(offset));
}
