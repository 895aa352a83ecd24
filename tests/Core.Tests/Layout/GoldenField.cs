namespace VmBus.Core.Tests.Layout;

/// <summary>One C field of a golden file. A bit field has a first bit and a width; other fields have neither.</summary>
public sealed record GoldenField(string Path, int Offset, int Size, int FirstBit = 0, int BitCount = 0);
