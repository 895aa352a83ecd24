namespace VmBus.Core.Tests.Layout;

/// <summary>One C structure or union of a golden file, inner ones flattened into paths.</summary>
public sealed record GoldenStruct(string Name, int Size, IReadOnlyList<GoldenField> Fields)
{
    public override string ToString() => Name;
}
