using System.Globalization;

namespace VmBus.Compare;

/// <summary>What the command line asks for.</summary>
internal sealed record CompareOptions
{
    /// <summary>What <c>--help</c> prints.</summary>
    public const string Usage = """
        compare [--rounds N] [--placements N] [--only TEXT] [--json FILE] [--plot FILE.png] [--beside FILE] [--before DIR] [--peer LIB.so]...
        compare --again FILE [--plot FILE.png] [--beside FILE]

          --rounds N      samples of each contender in each case and placement (default 15)
          --placements N  times the rings are laid out again in memory (default 3)
          --only TEXT     only the cases whose name has this in it, such as 'Batch 16 B' or '1024 KiB'
          --json FILE     writes the figures
          --plot FILE     writes the picture
          --beside FILE   another run's figures (NativeAOT's, say), printed beside this run's
          --before DIR    another build of this program, as a contender: bench/Compare/bin/Release/net10.0 of another clone
          --again FILE    measures nothing: prints and draws the figures of an earlier run
          --peer LIB.so   a library that exports bench/Peers/native/peer/vmbus_peer.h, as a contender; may be given several times
        """;

    /// <summary>Samples of each contender in each case and placement.</summary>
    public int Rounds { get; private init; } = 15;

    /// <summary>Times the rings are laid out again.</summary>
    public int Placements { get; private init; } = 3;

    /// <summary>Part of the names of the cases to run.</summary>
    public string Only { get; private init; } = "";

    /// <summary>Where the figures go.</summary>
    public string? JsonPath { get; private init; }

    /// <summary>Where the picture goes.</summary>
    public string? PlotPath { get; private init; }

    /// <summary>The folder of another build.</summary>
    public string? BeforePath { get; private init; }

    /// <summary>Libraries that take part.</summary>
    public IReadOnlyList<string> PeerPaths { get; private init; } = [];

    /// <summary>Figures of another run.</summary>
    public string? BesidePath { get; private init; }

    /// <summary>Figures to print and draw instead of measuring.</summary>
    public string? AgainPath { get; private init; }

    /// <summary>Reads a command line.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static CompareOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new CompareOptions();
        int first = arguments is ["compare", ..] ? 1 : 0;
        for (int i = first; i < arguments.Count; i += 2)
        {
            string value = i + 1 < arguments.Count ? arguments[i + 1] : throw new FormatException($"{arguments[i]} wants a value.");
            options = arguments[i] switch
            {
                "--rounds" => options with { Rounds = Count(arguments[i], value) },
                "--placements" => options with { Placements = Count(arguments[i], value) },
                "--only" => options with { Only = value },
                "--json" => options with { JsonPath = value },
                "--plot" => options with { PlotPath = value },
                "--before" => options with { BeforePath = value },
                "--peer" => options with { PeerPaths = [.. options.PeerPaths, value] },
                "--again" => options with { AgainPath = value },
                "--beside" => options with { BesidePath = value },
                _ => throw new FormatException($"{arguments[i]} is no option of compare."),
            };
        }

        return options;
    }

    /// <summary>Whether a case was asked for.</summary>
    public bool Includes(Case @case) => @case.ToString().Contains(Only, StringComparison.OrdinalIgnoreCase);

    private static int Count(string option, string value)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= 10_000
            ? count
            : throw new FormatException($"{option} {value}: a number from 1 to 10000 is wanted.");
}
