using Iced.Intel;

namespace VmBus.MachineCode.Tests;

/// <summary>What a compiler made of one method.</summary>
internal sealed class CompiledMethod
{
    private readonly Dictionary<ulong, int> _index = [];

    /// <param name="name">Type and method, such as <c>ChannelSignaler.Signal</c>.</param>
    /// <param name="address">Where it lay when it was read.</param>
    /// <param name="code">Its bytes.</param>
    public CompiledMethod(string name, ulong address, byte[] code)
    {
        Name = name;
        Address = address;
        Decoder decoder = Decoder.Create(64, code, address);
        List<Instruction> instructions = [];
        while (decoder.IP < address + (ulong)code.Length)
            instructions.Add(decoder.Decode());
        Instructions = [.. instructions];
        for (int i = 0; i < Instructions.Length; i++)
            _index.Add(Instructions[i].IP, i);
    }

    public string Name { get; }

    public ulong Address { get; }

    public Instruction[] Instructions { get; }

    /// <summary>The position of the instruction at an address, if it is one of this method's.</summary>
    public int? IndexOf(ulong address) => _index.TryGetValue(address, out int index) ? index : null;

    public override string ToString()
    {
        NasmFormatter formatter = new();
        StringOutput output = new();
        return Name + ":\n" + string.Concat(Instructions.Select(instruction =>
        {
            formatter.Format(instruction, output);
            return $"  {instruction.IP - Address:x4}  {output.ToStringAndReset()}\n";
        }));
    }
}
