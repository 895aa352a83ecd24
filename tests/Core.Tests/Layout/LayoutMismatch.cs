namespace VmBus.Core.Tests.Layout;

/// <summary>What a C structure and its C# twin disagree about; no field when it is the whole structure.</summary>
public sealed record LayoutMismatch(string Struct, string? Field, string What)
{
    public override string ToString() => $"{Struct}{(Field is null ? "" : "." + Field)}: {What}";
}
