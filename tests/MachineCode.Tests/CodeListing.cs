using System.Globalization;
using Iced.Intel;

namespace VmBus.MachineCode.Tests;

/// <summary>The methods that one compiler made, and which of them call which.</summary>
/// <param name="compiler">Whose code it is, for messages.</param>
/// <param name="methods">The methods.</param>
/// <param name="targets">
/// Where calls and jumps out of a method lead, by the address of the instruction, when the instruction does not say so itself.
/// </param>
internal sealed class CodeListing(string compiler, IEnumerable<CompiledMethod> methods, IReadOnlyDictionary<ulong, ulong> targets)
{
    // Identical methods may share their code, and then the names share the address.
    private readonly ILookup<string, CompiledMethod> _byName = methods.ToLookup(method => method.Name, StringComparer.Ordinal);
    private readonly Dictionary<ulong, CompiledMethod> _byAddress = methods.GroupBy(method => method.Address).ToDictionary(same => same.Key, same => same.First());

    public string Compiler => compiler;

    /// <summary>One of <see cref="MachineCode.Entries"/>.</summary>
    public CompiledMethod Entry(string name) => Method("Entries." + name);

    /// <summary>A method by type and name.</summary>
    public CompiledMethod Method(string name)
    {
        CompiledMethod[] found = [.. _byName[name]];
        Assert.True(found.Length == 1, $"{compiler} has {found.Length} methods {name}.");
        return found[0];
    }

    /// <summary>
    /// What a call or a jump leads to, if that is a listed method. The call that a signaller makes on its path is the
    /// path's affair, also where a compiler has found out which paths there are.
    /// </summary>
    public CompiledMethod? Callee(CompiledMethod from, in Instruction instruction)
    {
        ulong target = targets.TryGetValue(instruction.IP, out ulong resolved) ? resolved
            : instruction.Op0Kind == OpKind.NearBranch64 ? instruction.NearBranchTarget : 0;
        CompiledMethod? callee = _byAddress.GetValueOrDefault(target);
        return callee is not null && callee.Name.Contains("Path.Signal", StringComparison.Ordinal) && (from.Name.StartsWith("ChannelSignaler.", StringComparison.Ordinal) || from.Name.StartsWith("SignalHandshake.", StringComparison.Ordinal))
            ? null
            : callee;
    }

    /// <summary>A method and all listed methods that it leads to.</summary>
    public IReadOnlyList<CompiledMethod> Reach(CompiledMethod from)
    {
        List<CompiledMethod> reached = [from];
        for (int i = 0; i < reached.Count; i++)
        {
            foreach (Instruction instruction in reached[i].Instructions)
            {
                if (Callee(reached[i], instruction) is { } callee && !reached.Contains(callee))
                    reached.Add(callee);
            }
        }

        return reached;
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static CodeListing Read(string compiler, string file)
    {
        List<CompiledMethod> methods = [];
        Dictionary<ulong, ulong> targets = [];
        foreach (string line in File.ReadLines(file))
        {
            string[] words = line.Split(' ');
            if (words[0] == "method")
                methods.Add(new CompiledMethod(words[1], Hex(words[2]), Convert.FromHexString(words[3])));
            else
                targets.Add(Hex(words[1]), Hex(words[2]));
        }

        return new CodeListing(compiler, methods, targets);
    }

    /// <summary>Writes methods and the targets of their calls, a line each.</summary>
    public static void Write(string file, IEnumerable<(string Name, ulong Address, byte[] Code)> methods, IEnumerable<KeyValuePair<ulong, ulong>> targets) =>
        File.WriteAllLines(file, methods
            .Select(method => $"method {method.Name} {method.Address:x} {Convert.ToHexString(method.Code)}")
            .Concat(targets.Select(target => $"target {target.Key:x} {target.Value:x}")));

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
