// A Linux kernel image (bzImage). Mirrors the setup header of Documentation/arch/x86/boot.rst.

using System.Buffers.Binary;

namespace VmBus.Kvm;

/// <summary>A bzImage that has a 64-bit entry.</summary>
internal sealed class LinuxImage
{
    /// <summary>Where the setup header lies in the image and in the boot parameters.</summary>
    public const int HeaderOffset = 0x1F1;

    private const int SectorSize = 512;
    private const int MagicOffset = 0x202;
    private const ushort OldestVersion = 0x020C;        // 2.12: xloadflags
    private const ushort Has64BitEntry = 1;             // XLF_KERNEL_64
    private const int EntryOffset = 0x200;

    private readonly byte[] _image;
    private readonly int _setupSize;

    /// <summary>Reads an image.</summary>
    /// <param name="image">The bytes of the file. Not changed.</param>
    /// <exception cref="InvalidDataException">It is no bzImage, an old one, or has no 64-bit entry.</exception>
    public LinuxImage(byte[] image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Length < 0x268 || !image.AsSpan(MagicOffset, 4).SequenceEqual("HdrS"u8) || BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(0x1FE)) != 0xAA55)
            throw new InvalidDataException("The kernel is not a bzImage: it has no setup header.");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(0x206));
        if (version < OldestVersion)
            throw new InvalidDataException($"The kernel has boot protocol {version >> 8}.{version & 0xFF}; 2.12 or later is needed.");
        if ((BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(0x236)) & Has64BitEntry) == 0)
            throw new InvalidDataException("The kernel has no 64-bit entry.");
        int sectors = image[HeaderOffset];
        _setupSize = ((sectors == 0 ? 4 : sectors) + 1) * SectorSize;
        int headerEnd = MagicOffset + image[0x201];
        if (_setupSize >= image.Length || headerEnd > _setupSize || headerEnd <= 0x264)
            throw new InvalidDataException("The kernel's setup header gives sizes larger than the file.");
        _image = image;
        SetupHeader = image.AsMemory(HeaderOffset, headerEnd - HeaderOffset);
    }

    /// <summary>The setup header, to be copied into the boot parameters.</summary>
    public ReadOnlyMemory<byte> SetupHeader { get; }

    /// <summary>What is loaded: everything behind the setup code.</summary>
    public ReadOnlyMemory<byte> Kernel => _image.AsMemory(_setupSize);

    /// <summary>Where the image is best loaded: <c>pref_address</c>.</summary>
    public ulong PreferredAddress => BinaryPrimitives.ReadUInt64LittleEndian(_image.AsSpan(0x258));

    /// <summary>How many bytes the kernel uses from there on until it has read its memory map: <c>init_size</c>.</summary>
    public uint RunSize => BinaryPrimitives.ReadUInt32LittleEndian(_image.AsSpan(0x260));

    /// <summary>The highest address of the initial RAM disk's last byte.</summary>
    public uint InitialDiskLimit => BinaryPrimitives.ReadUInt32LittleEndian(_image.AsSpan(0x22C));

    /// <summary>The longest command line, without its end: <c>cmdline_size</c>.</summary>
    public uint CommandLineLimit => BinaryPrimitives.ReadUInt32LittleEndian(_image.AsSpan(0x238));

    /// <summary>Where the 64-bit entry is, from where the image is loaded.</summary>
    public static ulong Entry => EntryOffset;
}
