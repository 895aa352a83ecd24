namespace VmBus.Integration;

/// <summary>Which of its host's file copies a guest accepts.</summary>
public sealed record FileCopyGuestOptions
{
    /// <summary>The largest file, in bytes. A larger one is refused as if the disk were full.</summary>
    public ulong MaxSize { get; init; } = long.MaxValue;

    /// <summary>
    /// How long a host can pause in the middle of a file before the guest abandons the copy;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock for the timeout; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }
}
