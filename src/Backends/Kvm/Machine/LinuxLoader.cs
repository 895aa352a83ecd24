// Loads a Linux kernel as a boot loader does. Mirrors the 64-bit boot protocol (Documentation/arch/x86/boot.rst) and
// struct boot_params (zero-page.rst).

using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Hosting;
using VmBus.Interop;

namespace VmBus.Kvm;

/// <summary>Loads a kernel into a guest's memory and sets its first VP to begin with it.</summary>
[SupportedOSPlatform("linux")]
internal static class LinuxLoader
{
    private const ulong Parameters = 0x9000;
    private const int ParametersSize = 4096;
    private const ulong CommandLine = 0x2_0000;
    private const int MostCommandLine = 0x1_0000;
    private const ulong HighMemory = 0x10_0000;
    private const uint Usable = 1;
    private const uint Reserved = 2;
    private const byte UnknownLoader = 0xFF;
    private const int MemoryMap = 0x2D0;
    private const int MemoryMapEntry = 20;

    /// <summary>Loads it.</summary>
    /// <param name="partition">The guest, not started.</param>
    /// <param name="image">The kernel.</param>
    /// <param name="initialDisk">The initial RAM disk; empty for none.</param>
    /// <param name="commandLine">The kernel's command line: ASCII.</param>
    /// <exception cref="InvalidDataException">Something does not fit into the guest's memory, or where the kernel can have it.</exception>
    public static void Load(KvmPartition partition, LinuxImage image, ReadOnlySpan<byte> initialDisk, string commandLine)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(commandLine);
        GuestMemory memory = partition.GuestMemory;
        ulong load = image.PreferredAddress;
        var layout = new MemoryLayout((ulong)memory.Size);
        ulong end = layout.LowEnd;
        ulong taken = Math.Max(image.RunSize, (ulong)image.Kernel.Length);
        if (load < HighMemory || load > end || taken > end - load)
            throw new InvalidDataException($"The kernel needs {image.RunSize} bytes at 0x{load:x}; the guest's memory has {memory.Size} bytes.");
        byte[] line = Encoding.ASCII.GetBytes(commandLine);
        if (line.Length > Math.Min(image.CommandLineLimit, MostCommandLine - 1))
            throw new InvalidDataException($"The command line has {line.Length} characters; the kernel accepts {image.CommandLineLimit}.");

        // As high as it may be, so that the kernel has room to unpack itself.
        ulong diskEnd = Math.Min(end, image.InitialDiskLimit + 1ul) & ~0xFFFul;
        ulong disk = diskEnd - ((ulong)initialDisk.Length + 0xFFF & ~0xFFFul);
        if (diskEnd < (ulong)initialDisk.Length || disk < load + taken)
            throw new InvalidDataException($"The initial RAM disk of {initialDisk.Length} bytes does not fit after the kernel, in {memory.Size} bytes of memory.");

        image.Kernel.Span.CopyTo(memory.Bytes(load, image.Kernel.Length));
        initialDisk.CopyTo(memory.Bytes(disk, initialDisk.Length));
        Span<byte> text = memory.Bytes(CommandLine, line.Length + 1);
        line.CopyTo(text);
        text[^1] = 0;
        AcpiTables.Write(memory.Bytes(AcpiTables.Address, AcpiTables.MostBytes), partition.VpCount);
        Span<byte> parameters = memory.Bytes(Parameters, ParametersSize);
        parameters.Clear();
        image.SetupHeader.Span.CopyTo(parameters[LinuxImage.HeaderOffset..]);
        parameters[0x210] = UnknownLoader;
        BinaryPrimitives.WriteUInt64LittleEndian(parameters[0x070..], AcpiTables.Address);
        BinaryPrimitives.WriteUInt32LittleEndian(parameters[0x218..], initialDisk.IsEmpty ? 0 : (uint)disk);
        BinaryPrimitives.WriteUInt32LittleEndian(parameters[0x21C..], (uint)initialDisk.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(parameters[0x228..], (uint)CommandLine);
        int entries = 0;
        foreach (MemoryLayout.Entry entry in layout.Entries)
            Map(parameters, ref entries, entry.Start, entry.End, entry.IsUsable ? Usable : Reserved);
        parameters[0x1E8] = (byte)entries;
        LongMode.Enter(partition.Processors[0].Vp, memory, new KvmRegisters { Rip = load + LinuxImage.Entry, Rsi = Parameters });
    }

    private static void Map(Span<byte> parameters, ref int entries, ulong start, ulong end, uint type)
    {
        Span<byte> entry = parameters[(MemoryMap + entries++ * MemoryMapEntry)..];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, start);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], end - start);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], type);
    }
}
