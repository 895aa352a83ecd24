// The lines by which the guest and what reads the machine's log understand each other.

namespace VmBus.Switch.Guest;

/// <summary>How lines begin.</summary>
internal static class GuestLine
{
    /// <summary>The host's counters follow as they are before a round: <c>LOAD MODE</c>.</summary>
    public const string Before = "@switch before ";

    /// <summary>And as they are after it.</summary>
    public const string After = "@switch after ";

    /// <summary>A <see cref="LoadResult"/>.</summary>
    public const string Result = "@switch result ";

    /// <summary><see cref="GuestFacts"/>.</summary>
    public const string Facts = "@switch facts ";

    /// <summary>Signals by the monitor page.</summary>
    public const string Monitored = "monitored";

    /// <summary>Signals by hypercall, because of the flag.</summary>
    public const string LowLatency = "low-latency";
}
