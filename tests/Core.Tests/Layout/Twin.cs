namespace VmBus.Core.Tests.Layout;

/// <summary>The C# type that mirrors a C structure, and where in it each C field lies, in the words of twins.txt.</summary>
public sealed record Twin(string CName, Type Type, IReadOnlyDictionary<string, string> Places);
