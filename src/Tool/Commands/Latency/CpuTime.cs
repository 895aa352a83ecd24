namespace VmBus.Tool;

/// <summary>
/// CPU time of one cell, user and system. The parts where they could be told apart, else the total alone.
/// </summary>
/// <param name="Total">Of all processes of the run.</param>
/// <param name="Guest">Of the guest's threads, or <see langword="null"/> where not told apart.</param>
/// <param name="Host">Of the host's threads, or <see langword="null"/> where not told apart.</param>
/// <param name="Scan">Of the hypervisor's monitor scan, or <see langword="null"/> where not told apart.</param>
internal sealed record CpuTime(TimeSpan Total, TimeSpan? Guest = null, TimeSpan? Host = null, TimeSpan? Scan = null)
{
    /// <summary>Whether all three parts are known.</summary>
    public bool HasParts => Guest is not null && Host is not null && Scan is not null;
}
