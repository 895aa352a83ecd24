namespace VmBus.Core.Tests.Exploration;

/// <summary>How a modelled channel may signal.</summary>
internal sealed record SignalPlan
{
    /// <summary>Whether several threads signal at once.</summary>
    public bool IsConcurrent { get; init; }

    /// <summary>Whether the channel's bit in the interrupt page must be set, too.</summary>
    public bool SharesInterrupt { get; init; }

    /// <summary>The mode at first.</summary>
    public SignalMode Mode { get; init; } = SignalMode.Monitored;
}
