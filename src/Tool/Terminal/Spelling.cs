// The names of modes and loads as the command line, the tables and the JSON document spell them.

namespace VmBus.Tool;

/// <summary>Names of modes and loads, one spelling everywhere.</summary>
internal static class Spelling
{
    /// <summary>Every mode, in the order of the tables.</summary>
    public static IReadOnlyList<SignalMode> AllModes { get; } =
        [SignalMode.Monitored, SignalMode.LowLatency, SignalMode.Adaptive];

    /// <summary>Every load, in the order of the tables.</summary>
    public static IReadOnlyList<LoadKind> AllLoads { get; } =
        [LoadKind.PingPong, LoadKind.Paced, LoadKind.Saturating, LoadKind.Acknowledged, LoadKind.Mixed];

    /// <summary>The loads of a run that names none.</summary>
    public static IReadOnlyList<LoadKind> UsualLoads { get; } =
        [LoadKind.PingPong, LoadKind.Paced, LoadKind.Saturating, LoadKind.Mixed];

    /// <summary>The name of a mode: <c>monitored</c>, <c>low-latency</c> or <c>adaptive</c>.</summary>
    public static string Name(this SignalMode mode) => mode switch
    {
        SignalMode.Monitored => "monitored",
        SignalMode.LowLatency => "low-latency",
        SignalMode.Adaptive => "adaptive",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "Not a mode."),
    };

    /// <summary>The name of a load: <c>ping-pong</c>, <c>paced</c>, <c>saturating</c>, <c>acknowledged</c> or <c>mixed</c>.</summary>
    public static string Name(this LoadKind load) => load switch
    {
        LoadKind.PingPong => "ping-pong",
        LoadKind.Paced => "paced",
        LoadKind.Saturating => "saturating",
        LoadKind.Acknowledged => "acknowledged",
        LoadKind.Mixed => "mixed",
        _ => throw new ArgumentOutOfRangeException(nameof(load), load, "Not a load."),
    };

    /// <summary>What a load is, in one line under its heading.</summary>
    /// <param name="load">The load.</param>
    /// <param name="pace">The time between paced or urgent messages.</param>
    public static string Explain(this LoadKind load, TimeSpan pace) => load switch
    {
        LoadKind.PingPong => "one message at a time, the next when the answer has come",
        LoadKind.Paced => $"messages at random, {Units.Duration(pace)} apart on average",
        LoadKind.Saturating => "as many messages as the ring takes",
        LoadKind.Acknowledged => $"as many messages as are answered, up to {GuestSender.MostInFlight} in flight",
        LoadKind.Mixed => $"a steady stream of data, and an urgent message about every {Units.Duration(pace)}",
        _ => throw new ArgumentOutOfRangeException(nameof(load), load, "Not a load."),
    };
}
