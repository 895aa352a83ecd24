// One folder of sysfs and the small text files in it, read as they are: any of them may be missing, unreadable, odd, or
// vanish while it is read. Mirrors the show functions of Linux drivers/hv/vmbus_drv.c and drivers/uio/uio.c.

using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>Reads attributes. Whatever cannot be read or understood is <see langword="null"/>.</summary>
internal readonly struct SysfsFolder(string path)
{
    // An attribute of the kernel is at most one page: a byte less than 64 KiB.
    private const int MostBytes = 64 * 1024;

    public string Path => path;

    public bool Exists => Directory.Exists(path);

    public SysfsFolder Folder(string name) => new(System.IO.Path.Combine(path, name));

    /// <summary>The folders in it, links to folders included, by name. None when it is not there.</summary>
    public List<SysfsFolder> Folders()
    {
        var all = new List<SysfsFolder>();
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(path))
                all.Add(new SysfsFolder(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone, or going: what was listed before still counts.
        }

        all.Sort((one, other) => string.CompareOrdinal(one.Path, other.Path));
        return all;
    }

    /// <summary>The text of an attribute without the line's end.</summary>
    public string? Text(string name) => Whole(name)?.TrimEnd('\n', '\0');

    /// <summary>
    /// The lines of an attribute, each whole: of what does not fit into a page the kernel shows the beginning, and cuts it where the page
    /// ends.
    /// </summary>
    public string[] Lines(string name)
    {
        string text = Whole(name) ?? "";
        return text.LastIndexOf('\n') is var end and >= 0 ? text[..end].Split('\n') : [];
    }

    // Null as well where there is no sysfs.
    private string? Whole(string name)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        using SafeFileHandle? file = PlainFile.TryOpen(System.IO.Path.Combine(path, name), forWriting: false, createMode: null, out _);
        if (file is null)
            return null;
        byte[] bytes = new byte[4096];
        int length = 0;
        while (true)
        {
            int read = PlainFile.Read(file, bytes.AsSpan(length), out Errno error);
            if (error != Errno.None)
                return null;
            if (read == 0)
                return Encoding.UTF8.GetString(bytes, 0, length);
            length += read;
            if (length == MostBytes)
                return null;
            if (length == bytes.Length)
                Array.Resize(ref bytes, Math.Min(2 * length, MostBytes));
        }
    }

    /// <summary>A number as the kernel prints it: decimal, or hexadecimal behind <c>0x</c>.</summary>
    public ulong? Number(string name)
    {
        string? text = Text(name)?.Trim();
        if (text is null)
            return null;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong hex) ? hex : null;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;
    }

    /// <summary>A 32-bit word. The kernel prints several with <c>%d</c>: those with bit 31 come out negative.</summary>
    public uint? Word(string name)
    {
        if (Number(name) is { } number)
            return number <= uint.MaxValue ? (uint)number : null;
        return Integer(name) is { } negative ? unchecked((uint)negative) : null;
    }

    public int? Integer(string name)
        => int.TryParse(Text(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null;

    /// <summary>A GUID, in braces or not.</summary>
    public Guid? Identity(string name) => Guid.TryParse(Text(name)?.Trim(), out Guid id) ? id : null;

    /// <summary>The last part of what a link points to.</summary>
    public string? Link(string name)
    {
        try
        {
            string? target = new FileInfo(System.IO.Path.Combine(path, name)).LinkTarget;
            return target is null ? null : System.IO.Path.GetFileName(target.TrimEnd('/'));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
