namespace VmBus.Tool;

/// <summary>What things cost in a simulation, in nanoseconds: round figures near those measured on real machines.</summary>
internal static class SimulatedCosts
{
    /// <summary>Making and sending one message, signal not included.</summary>
    public const long Send = 100;

    /// <summary>Reading one message.</summary>
    public const long Read = 50;
}
