namespace VmBus.Core.Tests.Architecture;

/// <summary>An exception type of an assembly.</summary>
public sealed record ShippedException(string Name, string Base, bool IsPublic);
