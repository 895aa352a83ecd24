namespace VmBus.Compare;

/// <summary>What all pipes that are compared have in common.</summary>
internal static class PipeCase
{
    /// <summary>The most a reader asks for, in bytes.</summary>
    public const int ReadLength = 16 * 1024;
}
