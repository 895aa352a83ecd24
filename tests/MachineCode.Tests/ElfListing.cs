// Reads the library's methods out of an ELF executable that NativeAOT made: the function symbols of .symtab say where
// each begins and how long it is. Mirrors Elf64_Ehdr, Elf64_Shdr and Elf64_Sym (elf.h).

using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace VmBus.MachineCode.Tests;

internal static partial class ElfListing
{
    private const int SectionHeaders = 0x28, SectionHeaderSize = 0x3A, SectionCount = 0x3C;
    private const int SymbolSize = 24, SymbolTable = 2, Function = 2;

    /// <summary>Every method of the library in an executable.</summary>
    public static CodeListing Read(string compiler, string file)
    {
        byte[] elf = File.ReadAllBytes(file);
        Assert.True(elf.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8), $"{file} is no little-endian ELF-64 file.");
        Section[] sections = [.. Enumerable.Range(0, Half(elf, SectionCount)).Select(i => SectionAt(elf, (int)Word(elf, SectionHeaders) + i * Half(elf, SectionHeaderSize)))];
        Section symbols = Assert.Single(sections, section => section.Type == SymbolTable);
        Section names = sections[symbols.Link];
        List<CompiledMethod> methods = [];
        for (int at = symbols.Offset; at < symbols.Offset + symbols.Size; at += SymbolSize)
        {
            int length = (int)Word(elf, at + 16);
            if ((elf[at + 4] & 0xF) != Function || length == 0)
                continue;
            ReadOnlySpan<byte> text = elf.AsSpan(names.Offset + BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(at)));
            string name = Encoding.UTF8.GetString(text[..text.IndexOf((byte)0)]);
            if (!name.StartsWith("VmBus_", StringComparison.Ordinal))
                continue;
            Section section = sections[Half(elf, at + 6)];
            ulong address = (ulong)Word(elf, at + 8);
            methods.Add(new CompiledMethod(ShortName(name), address, elf.AsSpan(section.Offset + (int)(address - section.Address), length).ToArray()));
        }

        return new CodeListing(compiler, methods, new Dictionary<ulong, ulong>());
    }

    // VmBus_Core_VmBus_Signals_ChannelSignaler__Signal is ChannelSignaler.Signal.
    internal static string ShortName(string mangled)
    {
        string plain = TypeArguments().Replace(mangled, "");
        int split = plain.IndexOf("__", StringComparison.Ordinal);
        if (split < 0)
            return plain;
        string type = plain[..split];
        return $"{type[(type.LastIndexOf('_') + 1)..]}.{plain[(split + 2)..]}";
    }

    private static Section SectionAt(byte[] elf, int at) => new(
        BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(at + 4)),
        (ulong)Word(elf, at + 16),
        (int)Word(elf, at + 24),
        (int)Word(elf, at + 32),
        BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(at + 40)));

    private static ushort Half(byte[] elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(at));

    private static long Word(byte[] elf, int at) => BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(at));

    [GeneratedRegex("(_[0-9]+)?<.*>")]
    private static partial Regex TypeArguments();

    private readonly record struct Section(int Type, ulong Address, int Offset, int Size, int Link);
}
