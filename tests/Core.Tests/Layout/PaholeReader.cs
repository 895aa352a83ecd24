// Reads what pahole prints: structures and unions with every field's offset and size.

using System.Globalization;
using System.Text.RegularExpressions;

namespace VmBus.Core.Tests.Layout;

public static partial class PaholeReader
{
    public static IReadOnlyList<GoldenStruct> Read(string text)
    {
        var all = new List<GoldenStruct>();
        var open = new Stack<(string Name, List<GoldenField> Fields)>();
        int declaredSize = -1;
        string code = Prose().Replace(text, "");

        foreach (string line in code.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0))
        {
            if (SizeLine().Match(line) is { Success: true } size)
            {
                declaredSize = Number(size.Groups[1]);
            }
            else if (line.StartsWith("/*", StringComparison.Ordinal))
            {
                // "cacheline boundary" and the like: nothing about the layout.
            }
            else if (Opening().Match(line) is { Success: true } opening)
            {
                open.Push((opening.Groups[1].Value, []));
            }
            else if (line.StartsWith('}') && open.Count == 1)
            {
                (string name, List<GoldenField> fields) = open.Pop();
                int size1 = declaredSize >= 0 ? declaredSize : fields.Max(f => f.Offset + f.Size);
                all.Add(new GoldenStruct(name, size1, fields));
                declaredSize = -1;
            }
            else if (Closing().Match(line) is { Success: true } closing && open.Count > 1)
            {
                List<GoldenField> inner = open.Pop().Fields;
                List<GoldenField> outer = open.Peek().Fields;
                string name = closing.Groups[1].Value;
                if (name.Length > 0)
                {
                    outer.Add(new GoldenField(name, Number(closing.Groups[2]), Number(closing.Groups[3])));
                    inner = inner.ConvertAll(f => f with { Path = name + "." + f.Path });
                }

                outer.AddRange(inner);
            }
            else if (Field().Match(line) is { Success: true } field && open.Count > 0)
            {
                open.Peek().Fields.Add(new GoldenField(
                    field.Groups["name"].Value,
                    Number(field.Groups["offset"]),
                    Number(field.Groups["size"]),
                    field.Groups["first"].Success ? Number(field.Groups["first"]) : 0,
                    field.Groups["bits"].Success ? Number(field.Groups["bits"]) : 0));
            }
            else
            {
                throw new FormatException($"Not a line of pahole's: \"{line}\"");
            }
        }

        if (open.Count != 0)
            throw new FormatException($"{open.Peek().Name} does not end.");
        return all;
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A/\*.*?\*/\s*\n(?=struct|union)", RegexOptions.Singleline)]
    private static partial Regex Prose();

    [GeneratedRegex(@"^/\* size: (\d+)")]
    private static partial Regex SizeLine();

    [GeneratedRegex(@"^(?:struct|union)\s*(\w*)\s*\{$")]
    private static partial Regex Opening();

    [GeneratedRegex(@"^\}\s*(\w*)(?:\[\d*\])*;\s*/\*\s*(\d+)\s+(\d+) \*/$")]
    private static partial Regex Closing();

    [GeneratedRegex(@"^[\w\s]+?\s(?<name>\w+)(?:\[\d*\])*(?::(?<bits>\d+))?;\s*/\*\s*(?<offset>\d+)(?::\s*(?<first>\d+))?\s+(?<size>\d+) \*/$")]
    private static partial Regex Field();
}
