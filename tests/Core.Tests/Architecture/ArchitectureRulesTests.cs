// Each rule of the house, broken on purpose.

using Xunit;

namespace VmBus.Core.Tests.Architecture;

public class ArchitectureRulesTests
{
    private static readonly ShippedAssembly Clean = new("VmBus.Core", ["System.Runtime", "CommunityToolkit.HighPerformance"], [], [], true, []);

    [Theory]
    [InlineData("VmBus.Core", "../Interop/VmBus.Interop.csproj")]
    [InlineData("VmBus.Core", "..\\Backends\\VmBus.Backends.csproj")]
    [InlineData("VmBus.Interop", "../Core/VmBus.Core.csproj")]
    [InlineData("VmBus.Backends", "../Tool/VmBus.Tool.csproj")]
    public void A_project_reference_against_the_arrows_is_reported(string project, string to) =>
        Assert.Contains(
            Path.GetFileNameWithoutExtension(to.Replace('\\', '/')),
            Assert.Single(ArchitectureRules.ProjectArrows($"src/X/{project}.csproj", Project($"<ProjectReference Include=\"{to}\" />"))),
            StringComparison.Ordinal);

    [Fact]
    public void A_project_without_arrows_and_a_reference_to_a_file_are_reported()
    {
        Assert.Single(ArchitectureRules.ProjectArrows("src/New/VmBus.New.csproj", Project("")));
        Assert.Single(ArchitectureRules.ProjectArrows("src/Core/VmBus.Core.csproj", Project("<Reference Include=\"lib/VmBus.Interop.dll\" />")));
        Assert.Empty(ArchitectureRules.ProjectArrows("src/Tool/VmBus.Tool.csproj", Project("<ProjectReference Include=\"../Core/VmBus.Core.csproj\" />")));
    }

    [Theory]
    [InlineData("VmBus.Core", "VmBus.Interop")]
    [InlineData("VmBus.Core", "vmbus")]
    [InlineData("VmBus.Interop", "VmBus.Core")]
    [InlineData("VmBus.Interop", "VmBus.Backends")]
    [InlineData("VmBus.Backends", "vmbus")]
    public void An_assembly_reference_against_the_arrows_is_reported(string from, string to)
    {
        ShippedAssembly assembly = Clean with { Name = from };
        Assert.Empty(ArchitectureRules.AssemblyArrows(assembly));
        Assert.Single(ArchitectureRules.AssemblyArrows(assembly with { References = [.. assembly.References, to] }));
    }

    [Fact]
    public void An_assembly_without_arrows_is_reported() =>
        Assert.Single(ArchitectureRules.AssemblyArrows(Clean with { Name = "VmBus.New" }));

    [Fact]
    public void A_native_method_is_seen_in_an_assembly_and_reported_outside_the_interop()
    {
        ShippedAssembly interop = ShippedAssembly.All.Single(a => a.Name == "VmBus.Interop");
        Assert.NotEmpty(interop.NativeMethods);
        Assert.Empty(ArchitectureRules.NativeMethods(interop));
        Assert.Equal(interop.NativeMethods.Count, ArchitectureRules.NativeMethods(interop with { Name = "VmBus.Core" }).Count());
    }

    [Theory]
    [InlineData("[DllImport(\"libc\")]")]
    [InlineData("    [LibraryImport(\"libc\", EntryPoint = \"x\")]")]
    [InlineData("[System.Runtime.InteropServices.DllImportAttribute(\"libc\")]")]
    [InlineData("[method: LibraryImport(\"libc\")]")]
    public void A_native_import_in_a_source_is_reported_outside_the_interop(string line)
    {
        Assert.Single(ArchitectureRules.NativeImports("src/Backends/Linux/X.cs", line));
        Assert.Empty(ArchitectureRules.NativeImports("src/Interop/Linux/X.cs", line));
    }

    [Theory]
    [InlineData("Exception")]
    [InlineData("SystemException")]
    public void An_exception_that_users_cannot_name_is_reported(string root)
    {
        ShippedAssembly assembly = Clean with { Exceptions = [new ShippedException("OddException", root, true)] };
        Assert.Single(ArchitectureRules.Exceptions(assembly));
        Assert.Empty(ArchitectureRules.Exceptions(assembly with { Name = "vmbus" }));
        Assert.Empty(ArchitectureRules.Exceptions(Clean with { Exceptions = [new ShippedException("VmBusException", root, true)] }));
        Assert.Empty(ArchitectureRules.Exceptions(Clean with { Exceptions = [new ShippedException("OddException", "VmBusException", false)] }));
        Assert.Single(ArchitectureRules.Exceptions(Clean with { Exceptions = [new ShippedException("VmBusException", root, false)] }));
    }

    [Theory]
    [InlineData("public sealed class X", 1)]
    [InlineData("partial class X", 1)]
    [InlineData("internal sealed class X", 0)]
    public void An_exception_that_users_do_not_see_is_reported_where_it_is_documented(string type, int reports)
    {
        string source = $"namespace N;\n\n{type}\n{{\n    /// <exception cref=\"Interop.ErrnoException\">No.</exception>\n    public void M() {{ }}\n}}\n";
        Assert.Equal(reports, ArchitectureRules.DocumentedExceptions("src/Core/X.cs", source, new HashSet<string> { "ErrnoException" }).Count());
    }

    [Theory]
    [InlineData("VmBus.Backends")]
    [InlineData("VmBus.Tool")]
    [InlineData("Directory.Build")]
    public void A_project_that_allows_unsafe_code_without_a_home_is_reported(string name) =>
        Assert.Single(ArchitectureRules.UnsafeProjects($"{name}.csproj",
            "<Project><PropertyGroup><AllowUnsafeBlocks>true</AllowUnsafeBlocks></PropertyGroup></Project>"));

    [Fact]
    public void Unsafe_code_is_seen_in_an_assembly_and_reported_without_a_home()
    {
        ShippedAssembly core = ShippedAssembly.All.Single(a => a.Name == "VmBus.Core");
        Assert.True(core.AllowsUnsafe);
        Assert.Empty(ArchitectureRules.UnsafeAssemblies(core));
        Assert.Single(ArchitectureRules.UnsafeAssemblies(core with { Name = "VmBus.Backends" }));
        Assert.False(ShippedAssembly.All.Single(a => a.Name == "vmbus").AllowsUnsafe);
    }

    [Theory]
    [InlineData("public class Ring\n{\n}\npublic enum Other\n{\n}\n")]
    [InlineData("public readonly record struct Other(int Value);\n")]
    [InlineData("public ref struct Other<T>\n{\n}\n")]
    [InlineData("public sealed class Ring\n{\n}\n\npublic delegate void Handler(int index);\n")]
    [InlineData("public static unsafe partial class Other\n{\n}\n")]
    [InlineData("internal interface IOther\n{\n}\n")]
    public void A_file_with_another_or_a_second_public_type_is_reported(string types) =>
        Assert.Single(ArchitectureRules.OneTypeAFile("src/Core/Ring.cs", "namespace VmBus;\n\n" + types));

    [Fact]
    public void A_layout_file_whose_first_public_type_is_another_is_reported() =>
        Assert.Single(ArchitectureRules.OneTypeAFile("src/Core/Layout/Page.cs", "public struct PageGroup\n{\n}\n\npublic struct Page\n{\n}\n"));

    [Theory]
    [InlineData("src/Core/Ring.cs", "public sealed partial class Ring\n{\n    public enum Inner\n    {\n    }\n}\n")]
    [InlineData("src/Core/Ring.Read.cs", "public sealed partial class Ring\n{\n}\n")]
    [InlineData("src/Core/Ring.cs", "/* public class Other */\n// public class Other\npublic ref struct Ring<T>\n{\n}\ninternal struct Other\n{\n}\n")]
    [InlineData("src/Tool/Program.cs", "return 0;\n")]
    [InlineData("src/Core/Layout/Page.cs", "public struct Page\n{\n}\n\npublic struct PageGroup\n{\n}\n")]
    public void A_file_named_as_its_public_type_is_not_reported(string path, string source) =>
        Assert.Empty(ArchitectureRules.OneTypeAFile(path, source));

    [Theory]
    [InlineData("src/Core/RingHelper.cs", true)]
    [InlineData("src/Core/ChannelManager.cs", true)]
    [InlineData("tests/Core.Tests/TestUtils.cs", true)]
    [InlineData("src/Core/Helpers/Ring.cs", false)]
    [InlineData("src/Core/Ring.cs", false)]
    public void A_file_named_after_nothing_is_reported(string path, bool reported) =>
        Assert.Equal(reported, ArchitectureRules.EmptyNames(path).Any());

    private static string Project(string items) => $"<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup>{items}</ItemGroup></Project>";
}
