using System.Text.RegularExpressions;
using VmBus.Core.Tests.Architecture;

namespace VmBus.Kestrel.Tests;

/// <summary>What the pages show is the sample, which is built and run.</summary>
public sealed partial class ReadmeTests
{
    [Theory]
    [InlineData("src/Kestrel/README.md")]
    [InlineData("docs/sockets.md")]
    public void The_program_of_a_page_is_the_sample(string page)
    {
        Match shown = Sample().Match(Repository.Text(page).ReplaceLineEndings("\n"));
        Assert.True(shown.Success, $"{page} shows no program");
        Assert.EndsWith(shown.Groups[1].Value, Repository.Text("samples/HttpOverSockets/Program.cs").ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    // The block that begins with what it uses; others show a line.
    [GeneratedRegex("```csharp\n(using Microsoft.*?)```", RegexOptions.Singleline)]
    private static partial Regex Sample();
}
