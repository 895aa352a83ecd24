// What this process has open and mapped, as /proc tells it.

namespace VmBus.Interop.Tests.Linux;

internal static class ProcSelf
{
    public static string? Link(int descriptor) => new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;

    // The number the kernel gives the eventfd behind a descriptor: its duplicates have it too, and no other eventfd has.
    public static string EventFdId(int descriptor) =>
        File.ReadLines($"/proc/self/fdinfo/{descriptor}").Single(line => line.StartsWith("eventfd-id:", StringComparison.Ordinal));

    // How many descriptors name that eventfd.
    public static int CountEventFds(string id) =>
        Directory.EnumerateFiles("/proc/self/fdinfo").Count(path => Lines(path).Contains(id));

    public static int CountDescriptors(string linkContains) =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd")
            .Count(path => new FileInfo(path).LinkTarget?.Contains(linkContains, StringComparison.Ordinal) == true);

    // A descriptor may be closed, by the enumeration itself, before its file is read.
    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    public static string[] Mappings(string contains) =>
        [.. File.ReadLines("/proc/self/maps").Where(line => line.Contains(contains, StringComparison.Ordinal))];

    // Whether any mapping, accessible or reserved, covers the address.
    public static bool IsMapped(nint address) =>
        File.ReadLines("/proc/self/maps").Any(line =>
        {
            string[] range = line.Split(' ', 2)[0].Split('-');
            return (ulong)address >= Convert.ToUInt64(range[0], 16) && (ulong)address < Convert.ToUInt64(range[1], 16);
        });

    // Which pages from an address on are mapped, not only promised.
    public static bool[] Present(nint address, int pages)
    {
        using FileStream map = new("/proc/self/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] entries = new byte[pages * sizeof(ulong)];
        map.Position = address / Environment.SystemPageSize * sizeof(ulong);
        map.ReadExactly(entries);
        return [.. Enumerable.Range(0, pages).Select(i => BitConverter.ToUInt64(entries, i * sizeof(ulong)) >> 63 != 0)];
    }
}
