namespace VmBus.Integration;

/// <summary>How a file copy ended.</summary>
public enum FileCopyOutcome
{
    /// <summary>The file is complete.</summary>
    Completed = 0,

    /// <summary>The copy did not begin: because of its name, its size, or an existing file or folder.</summary>
    Refused,

    /// <summary>The copy began and could not be finished.</summary>
    Failed,

    /// <summary>The host cancelled it.</summary>
    Cancelled,

    /// <summary>The host paused for too long.</summary>
    Stalled,

    /// <summary>The channel is gone, or the host negotiated again.</summary>
    Abandoned,
}
