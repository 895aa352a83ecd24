namespace VmBus.Tool;

/// <summary>The result of one copy in one mode.</summary>
internal sealed class CopyResult
{
    /// <summary>The mode the channel ran in.</summary>
    public required SignalMode Mode { get; init; }

    /// <summary>Bytes the far end has received and written.</summary>
    public required long Bytes { get; init; }

    /// <summary>Packets the far end has read.</summary>
    public required long Packets { get; init; }

    /// <summary>From the first read of the input to the far end's last write.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>SHA-256 of what the near end read and sent, 32 bytes.</summary>
    public required byte[] SentSha256 { get; init; }

    /// <summary>SHA-256 of what the far end took from its ring, 32 bytes.</summary>
    public required byte[] ReceivedSha256 { get; init; }

    /// <summary>What became of each decision to signal, from guest to host.</summary>
    public required SignalCounts Signals { get; init; }

    /// <summary>How often the far end was woken to look at its ring.</summary>
    public required long HostWakeups { get; init; }

    /// <summary>Whether what arrived is what was sent.</summary>
    public bool Equal => SentSha256.AsSpan().SequenceEqual(ReceivedSha256);

    /// <summary>Bytes per second; 0 when no time passed.</summary>
    public double BytesPerSecond => Elapsed <= TimeSpan.Zero ? 0 : Bytes / Elapsed.TotalSeconds;

    /// <summary>Packets for each wakeup of the far end; <see langword="null"/> when it was never woken.</summary>
    public double? PacketsPerWakeup => HostWakeups == 0 ? null : (double)Packets / HostWakeups;
}
