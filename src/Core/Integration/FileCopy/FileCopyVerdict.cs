namespace VmBus.Integration;

/// <summary>What became of a step of a file copy: what the host is answered, and why, for people.</summary>
/// <param name="Status">What the host is answered.</param>
/// <param name="Reason">Why it failed; <see langword="null"/> when it did not.</param>
public readonly record struct FileCopyVerdict(IcStatus Status, string? Reason = null)
{
    /// <summary>It is done.</summary>
    public static FileCopyVerdict Success => default;

    /// <summary>Whether it is done.</summary>
    public bool IsSuccess => Status == IcStatus.Success;
}
