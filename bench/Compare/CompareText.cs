using System.Globalization;
using System.Text;

namespace VmBus.Compare;

/// <summary>The tables.</summary>
internal static class CompareText
{
    /// <summary>One table a shape and ring, then what was to be reached.</summary>
    /// <param name="results">The run.</param>
    /// <param name="beside">Another run's, printed beside; empty for none.</param>
    /// <param name="besideName">What that run was.</param>
    public static string Of(IReadOnlyList<CaseResult> results, IReadOnlyList<CaseResult> beside, string besideName)
    {
        var text = new StringBuilder();
        foreach (IGrouping<(Shape, int), CaseResult> table in results.GroupBy(result => (result.Case.Shape, result.Case.RingSize)))
            AppendTable(text, [.. table], beside, besideName);
        if (results.Any(result => result.Contenders.Any(measured => !result.IsFigure(measured.Contender))))
            text.Append(CultureInfo.InvariantCulture, $"(…): fewer than {Measured.Fewest} samples kept, which is no figure, and is not judged.\n\n");
        AppendTargets(text, results);
        return text.ToString();
    }

    /// <summary>A shape in words.</summary>
    public static string Describe(Shape shape) => shape switch
    {
        Shape.WriteRead => "one thread, write and read",
        Shape.Batch => "one thread, batches of 32",
        Shape.AcrossOne => "two threads, one a call",
        Shape.AcrossBatch => "two threads, batches of 32",
        Shape.PingPong => "ping-pong, one way",
        Shape.Pipe => "one thread, 32 writes into a pipe and their reading",
        _ => "two threads, bytes through a pipe",
    };

    private static void AppendTable(StringBuilder text, CaseResult[] rows, IReadOnlyList<CaseResult> beside, string besideName)
    {
        Case first = rows[0].Case;
        text.Append(CultureInfo.InvariantCulture, $"{Describe(first.Shape)}, ring of {first.RingSize / 1024} KiB: ns a {(first.IsPipe ? "write" : "packet")}\n");
        string[] contenders = [.. rows[0].Contenders.Select(measured => measured.Contender)];
        string[] others = [.. contenders.Where(name => name == Names.Before || !Names.IsOurs(name))];
        string[] copying = [.. contenders.Where(Names.MayCopyOut)];
        List<string[]> cells =
        [
            ["payload", .. contenders, .. others.Select(name => $"ours/{name}"), .. copying.Select(name => $"untrusted/{name}"), "kept",
                .. first.HasTwoThreads ? (string[])["line"] : [],
                .. beside.Count == 0 ? Array.Empty<string>() : [$"{besideName}: ours", "ours/floor"]],
        ];
        foreach (CaseResult row in rows)
        {
            string payload = row.Case.Batch is 1 or 32 ? $"{row.Case.Payload}" : $"{row.Case.Payload} (by {row.Case.Batch})";
            string[] besides = [];
            if (beside.Count != 0)
            {
                CaseResult? same = beside.FirstOrDefault(result => result.Case == row.Case);
                besides = [Number(same?.Nanoseconds(Names.Ours) ?? double.NaN, "F1"), Number(same?.Ratio(Names.Floor) ?? double.NaN, "F2")];
            }

            cells.Add([payload, .. row.Contenders.Select(measured => Number(measured.Nanoseconds, "F1", row.IsFigure(measured.Contender))),
                .. others.Select(name => Ratio(row, Names.Ours, name)), .. copying.Select(name => Ratio(row, Names.OursCopied, name)),
                $"{row.Contenders.Min(measured => measured.Kept)}/{row.Contenders.Max(measured => measured.Taken)}",
                .. first.HasTwoThreads ? (string[])[string.Create(CultureInfo.InvariantCulture, $"{row.Line:F0} ({row.LineShare:P0})")] : [], .. besides]);
        }

        int[] widths = [.. Enumerable.Range(0, cells[0].Length).Select(column => cells.Max(row => row[column].Length))];
        foreach (string[] row in cells)
            text.AppendLine("  " + string.Join("  ", row.Select((cell, column) => cell.PadLeft(widths[column]))));
        text.AppendLine();
    }

    private static void AppendTargets(StringBuilder text, IReadOnlyList<CaseResult> results)
    {
        int held = 0;
        int judged = 0;
        text.AppendLine("To reach, as our time over theirs, the worst case of each:");
        // Of a build that was not asked for nothing is to be said.
        bool hasBefore = results.Any(result => result.Kept(Names.Before) > 0);
        foreach (Target target in Target.All.Where(target => hasBefore || target.Other is not (Names.Before or Names.BeforeCopied)))
        {
            if (target.Worst(results) is not { } worst)
            {
                text.Append(CultureInfo.InvariantCulture, $"  no figure      {target.Text}\n");
                continue;
            }

            // As the tables show it: a limit of 1.0 is met by 1.00.
            bool holds = Math.Round(worst.Ratio, 2) <= target.Limit;
            judged++;
            held += holds ? 1 : 0;
            text.Append(CultureInfo.InvariantCulture,
                $"  {(holds ? "holds         " : "DOES NOT HOLD ")} {target.Text}: {worst.Ratio:F2}, wanted at most {target.Limit:F2} ({worst.Case})\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{held} of {judged} hold in this run.\n");
    }

    private static string Ratio(CaseResult row, string contender, string other)
        => Number(row.Ratio(contender, other), "F2", row.IsFigure(contender) && row.IsFigure(other));

    private static string Number(double value, string format, bool isFigure = true)
    {
        if (double.IsNaN(value))
            return "-";
        string text = value.ToString(format, CultureInfo.InvariantCulture);
        return isFigure ? text : $"({text})";
    }
}
