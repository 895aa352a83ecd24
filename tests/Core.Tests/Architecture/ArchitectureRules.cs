// The rules of the house, each a function from what it looks at to what is wrong with it, so that the rules can be tested.

using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace VmBus.Core.Tests.Architecture;

public static partial class ArchitectureRules
{
    /// <summary>Which of our projects a project may reference.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        // No code: the package that names the others.
        ["VmBus"] = ["VmBus.Backends", "VmBus.Core", "VmBus.Devices"],
        ["VmBus.Core"] = [],
        ["VmBus.Interop"] = [],
        ["VmBus.Backends"] = ["VmBus.Core", "VmBus.Interop"],
        ["VmBus.Devices"] = ["VmBus.Core"],
        ["VmBus.Kestrel"] = ["VmBus.Backends", "VmBus.Core", "VmBus.Devices"],
        ["VmBus.Testing"] = ["VmBus.Backends", "VmBus.Core"],
        ["VmBus.Tool"] = ["VmBus.Backends", "VmBus.Core", "VmBus.Devices", "VmBus.Interop"],
    };

    private static readonly string[] MayBeUnsafe = ["VmBus.Core", "VmBus.Interop"];

    /// <summary>Projects are known and reference only what their arrows point at.</summary>
    public static IEnumerable<string> ProjectArrows(string path, string project)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        if (!Arrows.TryGetValue(name, out string[]? allowed))
            return [$"{path}: no arrows are drawn for this project"];

        return XDocument.Parse(project).Descendants()
            .Where(e => e.Name.LocalName is "ProjectReference" or "Reference")
            .Select(e => Path.GetFileNameWithoutExtension(((string?)e.Attribute("Include") ?? "").Replace('\\', '/')))
            .Where(to => !allowed.Contains(to))
            .Select(to => $"{path} references {to}");
    }

    /// <summary>Assemblies reference only what their arrows point at, whatever brought the reference in.</summary>
    public static IEnumerable<string> AssemblyArrows(ShippedAssembly assembly)
    {
        string name = ProjectOf(assembly.Name);
        if (!Arrows.TryGetValue(name, out string[]? allowed))
            return [$"{assembly.Name}: no arrows are drawn for this assembly"];

        return assembly.References.Select(ProjectOf)
            .Where(to => Arrows.ContainsKey(to) && !allowed.Contains(to))
            .Select(to => $"{assembly.Name} references {to}");
    }

    /// <summary>Only the interop calls native code.</summary>
    public static IEnumerable<string> NativeMethods(ShippedAssembly assembly) =>
        assembly.Name == "VmBus.Interop" ? [] : assembly.NativeMethods.Select(m => $"{assembly.Name}: {m} is native");

    /// <summary>Only the interop's sources import native code, even code that no configuration compiles today.</summary>
    public static IEnumerable<string> NativeImports(string path, string source) =>
        path.StartsWith("src/Interop/", StringComparison.Ordinal)
            ? []
            : Import().Matches(source).Select(m => $"{path}: {m.Value}");

    /// <summary>Unsafe code is allowed where it has a home, by the project file.</summary>
    public static IEnumerable<string> UnsafeProjects(string path, string project) =>
        MayBeUnsafe.Contains(Path.GetFileNameWithoutExtension(path))
            ? []
            : XDocument.Parse(project).Descendants()
                .Where(e => e.Name.LocalName == "AllowUnsafeBlocks")
                .Select(_ => $"{path} says AllowUnsafeBlocks");

    /// <summary>Unsafe code is allowed where it has a home, by what was compiled.</summary>
    public static IEnumerable<string> UnsafeAssemblies(ShippedAssembly assembly) =>
        assembly.AllowsUnsafe && !MayBeUnsafe.Contains(assembly.Name) ? [$"{assembly.Name} was compiled with AllowUnsafeBlocks"] : [];

    /// <summary>
    /// A user can catch what a call throws by a type that says something: ours are <c>VmBusException</c>s, or a public exception
    /// of the framework that is none of the roots. The tool's own go no further than its <c>Main</c>.
    /// </summary>
    public static IEnumerable<string> Exceptions(ShippedAssembly assembly) =>
        assembly.Name == "vmbus"
            ? []
            : assembly.Exceptions
                .Where(e => e.Base is "Exception" or "SystemException" or "ApplicationException" && e is not { Name: "VmBusException", IsPublic: true })
                .Select(e => $"{assembly.Name}: {e.Name} is caught as {e.Base} only");

    /// <summary>What the documentation of a public type says it throws is a name that its user can write.</summary>
    public static IEnumerable<string> DocumentedExceptions(string path, string source, IReadOnlySet<string> hidden) =>
        TopLevelType().Matches(Comment().Replace(source, "")).All(m => m.Groups["access"].Value is "internal" or "file")
            ? []
            : DocumentedException().Matches(source).Select(m => m.Groups["name"].Value).Where(hidden.Contains)
                .Select(name => $"{path}: documents {name}, which users do not see");

    /// <summary>
    /// A file has one public type at most, and is named as it; without one, as one of its types. Layouts that are one page or
    /// one family live together, in the file of the first of them.
    /// </summary>
    public static IEnumerable<string> OneTypeAFile(string path, string source)
    {
        // Type.Part.cs is a part of a partial type.
        string name = Path.GetFileName(path).Split('.')[0];
        List<Match> types = TopLevelType().Matches(Comment().Replace(source, "")).ToList();
        List<string> open = [.. types.Where(m => m.Groups["access"].Value == "public").Select(m => m.Groups["name"].Value)];
        if (path.StartsWith("src/Core/Layout/", StringComparison.Ordinal) && open.Count > 0 && open[0] == name)
            yield break;
        if (open.Count > 1)
            yield return $"{path} has the public types {string.Join(", ", open)}";
        else if (open.Count == 1 && open[0] != name)
            yield return $"{path} has the public type {open[0]}";
        else if (open.Count == 0 && types.Count > 0 && types.All(m => m.Groups["name"].Value != name))
            yield return $"{path} has no type {name}";
    }

    /// <summary>A name says what a thing is; these say nothing.</summary>
    public static IEnumerable<string> EmptyNames(string path) =>
        EmptyName().IsMatch(Path.GetFileName(path)) ? [$"{path} is named after nothing"] : [];

    // The tool's assembly is named as its command.
    private static string ProjectOf(string assembly) => assembly == "vmbus" ? "VmBus.Tool" : assembly;

    [GeneratedRegex(@"\[\s*(?:\w+:\s*)?(?:[\w.]+\.)?(?:DllImport|LibraryImport)(?:Attribute)?\b")]
    private static partial Regex Import();

    [GeneratedRegex(@"<exception cref=""(?:\w+\.)*(?<name>\w+)""")]
    private static partial Regex DocumentedException();

    // Namespaces are file-scoped, so that a type at the start of a line is a type of the namespace.
    [GeneratedRegex(@"^(?:(?<access>public|internal|file)\s+)?(?:(?:static|sealed|abstract|readonly|ref|unsafe|partial)\s+)*(?:record\s+struct|record\s+class|record|class|struct|interface|enum|delegate\s+[\w<>\[\]?.]+)\s+(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex TopLevelType();

    [GeneratedRegex(@"/\*.*?\*/|^\s*//[^\n]*", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"Helper|Manager|Utils|Utilit")]
    private static partial Regex EmptyName();
}
