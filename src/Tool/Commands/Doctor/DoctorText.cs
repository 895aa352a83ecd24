// A diagnosis as lines: what works first seen, what is missing below what lacks it.

using Spectre.Console;

namespace VmBus.Tool;

/// <summary>Writes findings for people.</summary>
internal static class DoctorText
{
    /// <summary>Writes them.</summary>
    public static void Write(IAnsiConsole console, string system, IReadOnlyList<DoctorFinding> findings)
    {
        console.WriteLine(system);
        foreach (DoctorFinding finding in findings)
        {
            console.Write(new Text(finding.Works ? " yes  " : "  no  ", new Style(finding.Works ? Color.Green : Color.Yellow)));
            console.WriteLine(finding.Backend, new Style(decoration: Decoration.Bold));
            console.Write(new Padder(new Text(string.Join('\n', finding.Missing.Prepend(finding.Found)))).Padding(8, 0, 0, 0));
        }
    }
}
