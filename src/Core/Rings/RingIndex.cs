// Which indices from shared memory are acceptable.

using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>Validates ring indices.</summary>
internal static class RingIndex
{
    /// <summary>What is wrong with a write index, if anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RingFault CheckWrite(uint index, uint size)
        => index >= size ? RingFault.WriteIndexOutOfRange
            : (index & 7) != 0 ? RingFault.WriteIndexMisaligned
            : RingFault.None;

    /// <summary>What is wrong with a read index, if anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RingFault CheckRead(uint index, uint size)
        => index >= size ? RingFault.ReadIndexOutOfRange
            : (index & 7) != 0 ? RingFault.ReadIndexMisaligned
            : RingFault.None;

    /// <summary>Bytes between the indices; <see langword="null"/> where one of them is impossible.</summary>
    public static int? Used(uint write, uint read, uint size)
        => CheckWrite(write, size) is not RingFault.None || CheckRead(read, size) is not RingFault.None ? null
            : (int)(write >= read ? write - read : size - read + write);
}
