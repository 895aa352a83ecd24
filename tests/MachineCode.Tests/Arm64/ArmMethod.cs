namespace VmBus.MachineCode.Tests.Arm64;

/// <summary>What a compiler made of one method for arm64.</summary>
/// <param name="name">Type and method, such as <c>ChannelSignaler.Signal</c>.</param>
/// <param name="instructions">Its instructions.</param>
/// <param name="labels">Where each label leads.</param>
internal sealed class ArmMethod(string name, IReadOnlyList<ArmInstruction> instructions, IReadOnlyDictionary<string, int> labels)
{
    public string Name => name;

    public IReadOnlyList<ArmInstruction> Instructions => instructions;

    /// <summary>The positions that follow one; -1 is the way out.</summary>
    public IEnumerable<int> Next(int at)
    {
        ArmInstruction instruction = instructions[at];
        if (instruction.IsReturn || instruction.IsTailCall)
            return [-1];
        if (instruction.IsTrap)
            return [];
        if (instruction.IsJump)
            return [labels[instruction.Label!]];
        int[] behind = at + 1 < instructions.Count ? [at + 1] : [];
        return instruction.IsConditional ? [labels[instruction.Label!], .. behind] : behind;
    }

    public override string ToString() => name + ":\n" + string.Concat(instructions.Select((instruction, at) => $"  {at,4}  {instruction}\n"));
}
