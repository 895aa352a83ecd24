namespace VmBus.Tool;

/// <summary>How full a ring is; <see langword="null"/> for what the kernel does not tell.</summary>
/// <param name="UsedBytes">Bytes written and not yet read.</param>
/// <param name="SizeBytes">Bytes it has room for.</param>
internal sealed record TopRing(long? UsedBytes, long? SizeBytes)
{
    /// <summary>The fill, 0 to 100.</summary>
    public double? FillPercent => UsedBytes is { } used && SizeBytes is { } size and > 0 ? 100.0 * used / size : null;
}
