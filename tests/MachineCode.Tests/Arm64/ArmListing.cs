// Reads what the JIT (DOTNET_JitDisasm) and objdump write of methods for arm64. tests/arm64.sh has both written.

using System.Text.RegularExpressions;

namespace VmBus.MachineCode.Tests.Arm64;

/// <summary>The methods that one compiler made.</summary>
internal sealed partial class ArmListing
{
    private readonly Dictionary<string, List<ArmMethod>> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ArmMethod> _bySymbol = new(StringComparer.Ordinal);

    private ArmListing(string compiler) => Compiler = compiler;

    public string Compiler { get; }

    /// <summary>Every method of the library.</summary>
    public IEnumerable<ArmMethod> Methods => _byName.Values.SelectMany(methods => methods);

    /// <summary>One of <see cref="MachineCode.Entries"/>.</summary>
    public ArmMethod Entry(string name)
    {
        List<ArmMethod> found = _byName.GetValueOrDefault("Entries." + name, []);
        Assert.True(found.Count == 1, $"{Compiler} has {found.Count} methods Entries.{name}.");
        return found[0];
    }

    /// <summary>
    /// The method that an instruction calls, if the listing has it. The JIT's does not say what is called. The call that a signaller
    /// makes on its path is the path's affair, also where a compiler has found out which paths there are.
    /// </summary>
    public ArmMethod? Callee(ArmMethod from, ArmInstruction instruction)
    {
        ArmMethod? callee = instruction.Callee is { } symbol ? _bySymbol.GetValueOrDefault(symbol) : null;
        bool isPath = callee?.Name.Contains("Path.Signal", StringComparison.Ordinal) == true
            && (from.Name.StartsWith("ChannelSignaler.", StringComparison.Ordinal) || from.Name.StartsWith("SignalHandshake.", StringComparison.Ordinal));
        return isPath ? null : callee;
    }

    /// <summary>Reads a file of either kind.</summary>
    public static ArmListing Read(string compiler, string file)
    {
        ArmListing listing = new(compiler);
        bool isJit = false;
        string? symbol = null;
        List<ArmInstruction> instructions = [];
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(file).Append("<end>:"))
        {
            if (JitTitle().Match(line) is { Success: true } title)
            {
                isJit = true;
                Begin(title.Groups["name"].Value);
            }
            else if (ObjdumpTitle().Match(line) is { Success: true } start)
            {
                Begin(start.Groups["name"].Value);
            }
            else if (isJit && JitLabel().Match(line) is { Success: true } label)
            {
                labels[label.Groups["label"].Value] = instructions.Count;
            }
            else if ((isJit ? JitLine() : ObjdumpLine()).Match(line) is { Success: true } code && code.Groups["mnemonic"].Value != "align")
            {
                string operands = code.Groups["operands"].Value.Split(isJit ? ";" : "//")[0].Trim();
                labels.TryAdd(code.Groups["address"].Value, instructions.Count);
                instructions.Add(Instruction(code.Groups["mnemonic"].Value, operands, symbol, isJit));
            }
        }

        return listing;

        void Begin(string next)
        {
            if (symbol is not null && instructions.Count > 0)
                listing.Add(symbol, new ArmMethod(isJit ? JitName(symbol) : ElfListing.ShortName(symbol), instructions, labels));
            symbol = next;
            instructions = [];
            labels = new(StringComparer.Ordinal);
        }
    }

    private static ArmInstruction Instruction(string mnemonic, string operands, string? symbol, bool isJit)
    {
        // beq and b.eq are one.
        bool branches = mnemonic is "b" or "cbz" or "cbnz" or "tbz" or "tbnz" || mnemonic.StartsWith("b.", StringComparison.Ordinal)
            || (mnemonic.Length == 3 && mnemonic[0] == 'b' && mnemonic is not ("blr" or "brk" or "bic"));
        if (isJit)
            return new ArmInstruction(mnemonic, operands, branches ? operands.Split(',')[^1].Trim() : null);
        Match target = ObjdumpTarget().Match(operands);
        if (!target.Success || !(branches || mnemonic == "bl"))
            return new ArmInstruction(mnemonic, operands);
        string name = target.Groups["name"].Value;
        return branches && name == symbol
            ? new ArmInstruction(mnemonic, operands, Label: target.Groups["address"].Value)
            : new ArmInstruction(mnemonic, operands, Callee: name);
    }

    private void Add(string symbol, ArmMethod method)
    {
        if (!_byName.TryGetValue(method.Name, out List<ArmMethod>? same))
            _byName.Add(method.Name, same = []);
        same.Add(method);
        _bySymbol[symbol] = method;
    }

    // VmBus.MachineCode.Entries:Write(VmBus.OutgoingRing,...):bool is Entries.Write. Stubs have no type.
    private static string JitName(string title)
    {
        Match name = JitMethodName().Match(title);
        return name.Success ? $"{name.Groups["type"].Value}.{name.Groups["method"].Value}" : title;
    }

    [GeneratedRegex(@"^(?:[^:(\[`]*\.)?(?<type>[^.:(\[`]+)(?:`[0-9]+)?(?:\[[^:]*\])?:(?<method>[^:(\[]+)")]
    private static partial Regex JitMethodName();

    [GeneratedRegex(@"^; Assembly listing for method (?<name>.*) \(")]
    private static partial Regex JitTitle();

    [GeneratedRegex("^(?<label>G_M[0-9]+_IG[0-9]+):")]
    private static partial Regex JitLabel();

    [GeneratedRegex("^ {12}(?<address>)(?<mnemonic>[a-z][a-z0-9.]*) *(?<operands>.*)$")]
    private static partial Regex JitLine();

    [GeneratedRegex("^[0-9a-f]* ?<(?<name>.*)>:$")]
    private static partial Regex ObjdumpTitle();

    [GeneratedRegex("^ *(?<address>[0-9a-f]+):\t(?<mnemonic>[a-z][a-z0-9.]*)\t?(?<operands>.*)$")]
    private static partial Regex ObjdumpLine();

    [GeneratedRegex(@"(?<address>[0-9a-f]+) <(?<name>[^+]*)(\+0x[0-9a-f]+)?>$")]
    private static partial Regex ObjdumpTarget();
}
