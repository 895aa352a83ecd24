namespace VmBus.Tool;

/// <summary>What <c>vmbus fcopy</c> was asked to do.</summary>
internal sealed record FileCopyOptions
{
    /// <summary>The folder below which files land.</summary>
    public required string Root { get; init; }

    /// <summary>Whether the device is bound first, and given back.</summary>
    public bool Bind { get; init; }

    /// <summary>The largest file taken, in bytes.</summary>
    public long MaxSize { get; init; } = long.MaxValue;

    /// <summary>How long the host may send nothing of a file.</summary>
    public TimeSpan IdleTimeout { get; init; }

    /// <summary>The permissions of files.</summary>
    public UnixFileMode Mode { get; init; }

    /// <summary>Whether it ends after a file.</summary>
    public bool Once { get; init; }

    /// <summary>Whether files are written as lines of JSON.</summary>
    public bool Json { get; init; }
}
