// A sysfs of its own in a temporary folder, made from a recorded or hand-written tree and taken away at the end.
// A tree is a text: "path = text" is a file (\n for a line's end), "path : 4096" one of so many bytes, "path -> target" a
// link, "path/" a folder, and # begins a remark.

using System.Globalization;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

internal sealed class SysfsTree : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vmbus-sysfs");

    public SysfsTree(string tree)
    {
        foreach (string line in tree.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
                continue;
            if (line.EndsWith('/'))
                Directory.CreateDirectory(Full(line));
            else if (line.Split(" -> ", 2) is [var link, var target])
                File.CreateSymbolicLink(Place(link), target);
            else if (line.Split(" : ", 2) is [var sized, var size])
                using (FileStream file = File.Create(Place(sized)))
                    file.SetLength(long.Parse(size, CultureInfo.InvariantCulture));
            else
                Write(line.Split(" =", 2)[0], line.Split(" =", 2)[1].TrimStart().Replace("\\n", "\n", StringComparison.Ordinal) + "\n");
        }
    }

    public string Root => _folder.FullName;

    public VmBusSysfs Sysfs => new(Root, Path.Combine(Root, "dev"));

    public static SysfsTree Load(string name) => new(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Linux", "Trees", name)));

    public void Write(string path, string text) => File.WriteAllText(Place(path), text);

    public string Read(string path) => File.ReadAllText(Full(path));

    public string Full(string path) => Path.Combine(Root, path);

    public void Dispose() => _folder.Delete(recursive: true);

    private string Place(string path)
    {
        string full = Full(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }
}
