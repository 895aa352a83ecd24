// Reads twins.txt and the golden files.

using System.Reflection;
using VmBus.Layout;

namespace VmBus.Core.Tests.Layout;

public static class LayoutTwins
{
    public static IReadOnlyList<GoldenStruct> Linux { get; } = PaholeReader.Read(Resource("linux-6.1-hv_vmbus.txt"));

    public static IReadOnlyList<GoldenStruct> Beyond { get; } = PaholeReader.Read(Resource("beyond-linux-6.1.txt"));

    public static IReadOnlyList<GoldenStruct> Golden { get; } = [.. Linux, .. Beyond];

    public static IReadOnlyDictionary<string, Twin> All { get; } = Read(Resource("twins.txt")).ToDictionary(t => t.CName);

    public static string Resource(string name)
    {
        Assembly assembly = typeof(LayoutTwins).Assembly;
        string full = assembly.GetManifestResourceNames().Single(n => n.EndsWith("." + name, StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(full)!);
        return reader.ReadToEnd();
    }

    public static IEnumerable<Twin> Read(string text)
    {
        Twin? twin = null;
        var places = new Dictionary<string, string>();
        foreach (string line in text.Split('\n').Select(l => l.TrimEnd()))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;

            string[] sides = line.Split(" = ");
            if (sides.Length != 2)
                throw new FormatException($"twins.txt: not \"C = C#\": \"{line}\"");

            if (char.IsWhiteSpace(line[0]))
            {
                places.Add(sides[0].Trim(), sides[1]);
                continue;
            }

            if (twin is not null)
                yield return twin;
            places = [];
            twin = new Twin(sides[0], TypeNamed(sides[1]), places);
        }

        if (twin is not null)
            yield return twin;
    }

    private static Type TypeNamed(string name)
    {
        Assembly core = typeof(RingControlPage).Assembly;
        return core.GetType("VmBus.Layout." + name)
            ?? core.GetType("VmBus.Protocol." + name)
            ?? core.GetType("VmBus.Integration." + name)
            ?? core.GetType("VmBus.Pipes." + name)
            ?? typeof(LayoutTwins).Assembly.GetType("VmBus.Core.Tests.Layout." + name)
            ?? throw new FormatException($"twins.txt: no C# type {name}");
    }
}
