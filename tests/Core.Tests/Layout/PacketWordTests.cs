using System.Runtime.InteropServices;
using FsCheck.Xunit;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Layout;

/// <summary>The words a ring reads and writes are the structures that are checked against the kernel's.</summary>
public sealed class PacketWordTests
{
    [Property(MaxTest = 1000)]
    public void The_first_word_of_a_descriptor_has_the_fields_of_the_structure(ushort type, ushort offset8, ushort length8, ushort flags, ulong id)
    {
        var descriptor = new PacketDescriptor { Type = (PacketType)type, DataOffset8 = offset8, Length8 = length8, Flags = (PacketFlags)flags, TransactionId = id };
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<PacketDescriptor, ulong>(new ReadOnlySpan<PacketDescriptor>(in descriptor));
        Assert.Equal(words[0], PacketDescriptor.Pack(descriptor.Type, offset8 * 8u, length8 * 8u, descriptor.Flags));
        Assert.Equal(
            (type, (uint)descriptor.DataOffset, (uint)descriptor.Length, flags, id),
            (PacketDescriptor.TypeIn(words[0]), PacketDescriptor.DataOffsetIn(words[0]), PacketDescriptor.LengthIn(words[0]), PacketDescriptor.FlagsIn(words[0]), words[1]));
    }

    [Property]
    public void The_word_of_a_trailer_has_the_fields_of_the_structure(uint start)
    {
        var trailer = new PacketTrailer { WriteIndex = start };
        Assert.Equal(MemoryMarshal.Cast<PacketTrailer, ulong>(new ReadOnlySpan<PacketTrailer>(in trailer))[0], PacketTrailer.Pack(start));
    }
}
