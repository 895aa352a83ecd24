namespace VmBus.MachineCode.Tests.Arm64;

/// <summary>One instruction of arm64, as a disassembler wrote it.</summary>
/// <param name="Mnemonic">Such as <c>swpal</c>, in small letters.</param>
/// <param name="Operands">Such as <c>w1, w0, [x2]</c>.</param>
/// <param name="Label">Where a branch within the method leads: the label or address that its operands name.</param>
/// <param name="Callee">The method that a call or a tail call names.</param>
internal sealed record ArmInstruction(string Mnemonic, string Operands, string? Label = null, string? Callee = null)
{
    /// <summary>An atomic that reads, changes and writes in one instruction (LSE).</summary>
    public bool IsAtomic => Family is not null;

    /// <summary>Of an atomic: <c>swp</c>, <c>ldset</c>, <c>ldclr</c>, <c>ldadd</c> or <c>cas</c>. Those without a result (<c>stset</c>) are such as well.</summary>
    public string? Family => Array.Find(Families, family => Mnemonic.StartsWith(family, StringComparison.Ordinal));

    /// <summary>Whether an atomic is ordered with all before and behind it: acquire, release, and a register that takes what was there.</summary>
    /// <remarks>With wzr or xzr in that register's place the processor does not acquire (Arm ARM, LDSETAL, SWPAL).</remarks>
    public bool IsFullyOrdered => Mnemonic.EndsWith("al", StringComparison.Ordinal)
        && Operand(Family == "cas" ? 0 : 1) is not ("wzr" or "xzr");

    /// <summary>Whether it handles 64 bits.</summary>
    public bool Is64 => Operands.StartsWith('x');

    /// <summary>A store that may fail, the end of an atomic without LSE.</summary>
    public bool IsExclusiveStore => Mnemonic.StartsWith("stxr", StringComparison.Ordinal) || Mnemonic.StartsWith("stlxr", StringComparison.Ordinal);

    /// <summary>A load that begins an atomic without LSE.</summary>
    public bool IsExclusiveLoad => Mnemonic.StartsWith("ldxr", StringComparison.Ordinal) || Mnemonic.StartsWith("ldaxr", StringComparison.Ordinal);

    /// <summary>A fence for loads and stores in both directions.</summary>
    public bool IsFence => Mnemonic == "dmb" && Operands.Trim() == "ish";

    /// <summary>A load that nothing after it passes.</summary>
    public bool IsAcquire => Mnemonic.StartsWith("ldar", StringComparison.Ordinal) || Mnemonic.StartsWith("ldap", StringComparison.Ordinal);

    /// <summary>Reads or writes memory.</summary>
    public bool IsAccess => IsAtomic || Mnemonic.StartsWith("ld", StringComparison.Ordinal) || Mnemonic.StartsWith("st", StringComparison.Ordinal);

    public bool IsReturn => Mnemonic is "ret" or "retaa" or "retab";

    public bool IsCall => Mnemonic is "bl" or "blr";

    /// <summary>Leaves the method, to another.</summary>
    public bool IsTailCall => Mnemonic == "br" || (Mnemonic == "b" && Label is null);

    /// <summary>Does not go on.</summary>
    public bool IsTrap => Mnemonic is "brk" or "udf";

    public bool IsJump => Mnemonic == "b";

    public bool IsConditional => Label is not null && !IsJump;

    private static readonly string[] Families = ["swp", "ldset", "ldclr", "ldadd", "ldeor", "cas", "stset", "stclr", "stadd", "steor"];

    public override string ToString() => $"{Mnemonic,-8}{Operands}";

    private string Operand(int index) => Operands.Split(',') is var all && index < all.Length ? all[index].Trim() : "";
}
