namespace VmBus.Integration;

/// <summary>What a guest takes of its host's file copies.</summary>
public sealed record FileCopyGuestOptions
{
    /// <summary>The largest file, in bytes. A larger one is refused as if the disk were full.</summary>
    public ulong MaxSize { get; init; } = long.MaxValue;

    /// <summary>
    /// How long a host may send nothing of a file it has begun, before the file is given up;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock of the timeout; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }
}
