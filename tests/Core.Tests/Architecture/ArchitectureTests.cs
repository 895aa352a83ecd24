using Xunit;

namespace VmBus.Core.Tests.Architecture;

public class ArchitectureTests
{
    private static IEnumerable<string> Projects => Repository.Files("src", "*.csproj");

    private static IEnumerable<string> Sources => Repository.Files("src", "*.cs");

    [Fact]
    public void The_seven_projects_with_code_are_looked_at_as_sources_and_as_assemblies()
    {
        Assert.Equal(
            ["VmBus", "VmBus.Backends", "VmBus.Core", "VmBus.Devices", "VmBus.Interop", "VmBus.Kestrel", "VmBus.Testing", "VmBus.Tool"],
            Projects.Select(p => Path.GetFileNameWithoutExtension(p)).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["VmBus.Backends", "VmBus.Core", "VmBus.Devices", "VmBus.Interop", "VmBus.Kestrel", "VmBus.Testing", "vmbus"],
            ShippedAssembly.All.Select(a => a.Name).Order(StringComparer.Ordinal));
        Assert.All(Projects, project => Assert.Equal(
            project != "src/Package/VmBus.csproj",
            Sources.Any(s => s.StartsWith(project[..(project.LastIndexOf('/') + 1)], StringComparison.Ordinal))));
    }

    [Fact]
    public void Project_references_follow_the_arrows() =>
        AssertNothing(Projects.SelectMany(p => ArchitectureRules.ProjectArrows(p, Repository.Text(p))));

    [Fact]
    public void Assembly_references_follow_the_arrows() =>
        AssertNothing(ShippedAssembly.All.SelectMany(ArchitectureRules.AssemblyArrows));

    [Fact]
    public void Only_the_interop_calls_native_code()
    {
        AssertNothing(ShippedAssembly.All.SelectMany(ArchitectureRules.NativeMethods));
        AssertNothing(Sources.SelectMany(s => ArchitectureRules.NativeImports(s, Repository.Text(s))));
    }

    [Fact]
    public void Only_core_and_interop_may_be_unsafe()
    {
        AssertNothing(Projects.SelectMany(p => ArchitectureRules.UnsafeProjects(p, Repository.Text(p))));
        AssertNothing(ArchitectureRules.UnsafeProjects("Directory.Build.props", Repository.Text("Directory.Build.props")));
        AssertNothing(ShippedAssembly.All.SelectMany(ArchitectureRules.UnsafeAssemblies));
    }

    [Fact]
    public void The_interop_and_the_tool_have_nothing_public() =>
        Assert.All(
            ShippedAssembly.All.Where(a => a.Name is "VmBus.Interop" or "vmbus"),
            assembly => Assert.Empty(assembly.PublicTypes));

    [Fact]
    public void What_is_thrown_can_be_caught_by_a_name_that_users_see()
    {
        AssertNothing(ShippedAssembly.All.SelectMany(ArchitectureRules.Exceptions));
        HashSet<string> hidden = [.. ShippedAssembly.All.SelectMany(a => a.Exceptions).Where(e => !e.IsPublic).Select(e => e.Name)];
        Assert.Contains("ErrnoException", hidden);
        AssertNothing(Sources.Where(s => s.StartsWith("src/Core/", StringComparison.Ordinal) || s.StartsWith("src/Backends/", StringComparison.Ordinal) || s.StartsWith("src/Devices/", StringComparison.Ordinal))
            .SelectMany(s => ArchitectureRules.DocumentedExceptions(s, Repository.Text(s), hidden)));
    }

    /// <summary>What `dotnet pack` makes of the solution is decided here, a line a package.</summary>
    [Fact]
    public void Nothing_packs_but_what_is_named_here() =>
        Assert.Equal(
            ["src/Backends/VmBus.Backends.csproj", "src/Core/VmBus.Core.csproj", "src/Devices/VmBus.Devices.csproj", "src/Kestrel/VmBus.Kestrel.csproj", "src/Package/VmBus.csproj", "src/Testing/VmBus.Testing.csproj", "src/Tool/VmBus.Tool.csproj"],
            Repository.Files(".", "*.csproj").Where(p => Repository.Text(p).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal)));

    /// <summary>Growing the surface is a decision: a new public type changes the number.</summary>
    [Theory]
    [InlineData("VmBus.Core", 120)]
    [InlineData("VmBus.Backends", 41)]
    [InlineData("VmBus.Devices", 18)]
    [InlineData("VmBus.Kestrel", 1)]
    [InlineData("VmBus.Testing", 19)]
    public void The_public_types_are_counted(string name, int count) =>
        Assert.Equal(count, ShippedAssembly.All.Single(a => a.Name == name).PublicTypes.Count);

    [Fact]
    public void Each_source_file_has_one_public_type_and_its_name() =>
        AssertNothing(Sources.SelectMany(s => ArchitectureRules.OneTypeAFile(s, Repository.Text(s))));

    [Fact]
    public void No_file_is_named_after_nothing() =>
        AssertNothing(Repository.Files(".", "*.cs").SelectMany(ArchitectureRules.EmptyNames));

    private static void AssertNothing(IEnumerable<string> wrong)
    {
        List<string> all = [.. wrong];
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
