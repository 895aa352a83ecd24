namespace VmBus.Integration;

/// <summary>How a file copy ended.</summary>
public enum FileCopyOutcome
{
    /// <summary>The file is there, whole.</summary>
    Completed = 0,

    /// <summary>The copy never began: because of its name, its size, or something that is in its place.</summary>
    Refused,

    /// <summary>The copy began and could not be finished.</summary>
    Failed,

    /// <summary>The host gave it up.</summary>
    Cancelled,

    /// <summary>The host sent nothing more of it for too long.</summary>
    Stalled,

    /// <summary>The channel is gone, or the host began again.</summary>
    Abandoned,
}
