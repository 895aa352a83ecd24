using System.Buffers.Binary;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm.Machine;

/// <summary>A kernel image of one setup sector, whose kernel is whatever code is given.</summary>
internal static class TinyImage
{
    public const int Length = 1024 + 0x1000;

    /// <summary>Makes one; the code is at its 64-bit entry, the rest 0x77.</summary>
    public static byte[] Create(ReadOnlySpan<byte> code = default, ulong address = 0x10_0000, uint runSize = 0x2_0000, uint diskLimit = 0x7FFF_FFFF, uint lineLimit = 255)
    {
        var file = new byte[Length];
        file.AsSpan(1024).Fill(0x77);
        file[0x1F1] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x1FE), 0xAA55);
        file[0x201] = 0x6A;
        "HdrS"u8.CopyTo(file.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x206), 0x020F);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(0x22C), diskLimit);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x236), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(0x238), lineLimit);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(0x258), address);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(0x260), runSize);
        code.CopyTo(file.AsSpan(1024 + (int)LinuxImage.Entry));
        return file;
    }
}
