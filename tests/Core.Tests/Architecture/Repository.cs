using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace VmBus.Core.Tests.Architecture;

/// <summary>The source tree the tests were built from.</summary>
public static partial class Repository
{
    /// <summary>The folder of VmBus.slnx: above the test assembly, or above this file where it was compiled.</summary>
    public static string Root { get; } = Above(AppContext.BaseDirectory) ?? Above(ThisFile())
        ?? throw new DirectoryNotFoundException($"No VmBus.slnx above {AppContext.BaseDirectory} or {ThisFile()}.");

    /// <summary>Files of a folder as paths from the root, with forward slashes; what a build writes is left out.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !Built().IsMatch(path))
            .Order(StringComparer.Ordinal);

    public static string Text(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string? Above(string path)
    {
        for (DirectoryInfo? at = new(path); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "VmBus.slnx")))
                return at.FullName;
        }

        return null;
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex("(^|/)(bin|obj|artifacts|BenchmarkDotNet.Artifacts)/")]
    private static partial Regex Built();
}
