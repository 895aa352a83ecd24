using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace VmBus.Tool.Tests.Readme;

/// <summary>What the README shows is compiled as it stands and run.</summary>
public sealed partial class ReadmeExampleTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));

    [Fact]
    public void The_example_compiles_without_a_warning_and_prints_what_it_sends()
    {
        string printed = CompileAndRun(Example(Readme));
        Assert.Equal("waits for the scan\nand takes it along now\n", printed.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("Core", "channel 70 wants attention\nchannel 1999 wants attention\n")]
    [InlineData("Backends", "42\n")]
    [InlineData("Devices", "the guest wrote: hello, host\nthe host wrote: hello, guest\n")]
    [InlineData("Testing", "keeps all laws\n")]
    [InlineData("Package", "waits for the scan\nand takes it along now\n")]
    public void So_does_the_example_of_a_package(string folder, string prints)
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryRoot(), "src", folder, "README.md"));
        Assert.Equal(prints, CompileAndRun(Example(readme)).ReplaceLineEndings("\n"));
        // The page of a package shows no file of the repository.
        Assert.DoesNotMatch(LocalLink(), readme);
    }

    [Fact]
    public void The_first_device_of_the_page_for_hosts_answers() =>
        Assert.Equal("hello\n", CompileAndRun(Example(File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "start-host.md")))).ReplaceLineEndings("\n"));

    /// <summary>Its device is in no machine that tests run on: it is compiled only.</summary>
    [Fact]
    public void The_program_of_the_page_for_guests_compiles() =>
        Compile(Example(File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "start-guest.md"))));

    [Fact]
    public void An_example_that_names_what_is_not_there_does_not_compile()
    {
        string broken = Example(Readme).Replace("SignalMode.Monitored", "SignalMode.Telepathic", StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => CompileAndRun(broken));
    }

    [Fact]
    public void Every_file_the_readme_links_to_is_there()
    {
        string root = RepositoryRoot();
        string[] links = [.. LocalLink().Matches(Readme).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(File.Exists(Path.Combine(root, link)), $"README.md links to {link}, which is not there"));
    }

    private static string Example(string readme)
    {
        Match block = CSharpBlock().Match(readme);
        Assert.True(block.Success, "The readme has no ```csharp block");
        return block.Groups[1].Value;
    }

    private static byte[] Compile(string source)
    {
        // The usings every project has by default; the warnings are what a reader's own build would show.
        const string Implicit = "global using System; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks; global using System.Collections.Generic;";
        string[] trusted = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "ReadmeExample",
            [CSharpSyntaxTree.ParseText(Implicit), CSharpSyntaxTree.ParseText(source)],
            trusted.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream assembly = new();
        var result = compilation.Emit(assembly);
        Diagnostic[] complaints = [.. result.Diagnostics.Where(one => one.Severity >= DiagnosticSeverity.Warning)];
        Assert.True(complaints.Length == 0, string.Join('\n', complaints.Select(one => one.ToString())));
        return assembly.ToArray();
    }

    private static string CompileAndRun(string source)
    {
        MethodInfo entry = Assembly.Load(Compile(source)).EntryPoint!;
        TextWriter console = Console.Out;
        using StringWriter printed = new();
        Console.SetOut(printed);
        try
        {
            entry.Invoke(null, [Array.Empty<string>()]);
        }
        finally
        {
            Console.SetOut(console);
        }

        return printed.ToString();
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "VmBus.slnx")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("VmBus.slnx is in no folder above the tests.");
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"\]\(((?!https?:)[^)#]+)\)")]
    private static partial Regex LocalLink();
}
