namespace VmBus.Integration;

/// <summary>The result of one step of a file copy: the answer to the host, and a readable reason.</summary>
/// <param name="Status">The answer to the host.</param>
/// <param name="Reason">Why it failed; <see langword="null"/> if it succeeded.</param>
public readonly record struct FileCopyVerdict(IcStatus Status, string? Reason = null)
{
    /// <summary>The step succeeded.</summary>
    public static FileCopyVerdict Success => default;

    /// <summary>Whether the step succeeded.</summary>
    public bool IsSuccess => Status == IcStatus.Success;
}
