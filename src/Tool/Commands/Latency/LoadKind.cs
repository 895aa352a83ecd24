namespace VmBus.Tool;

/// <summary>What traffic meets the switch in one cell of a run. All of it goes from guest to host.</summary>
internal enum LoadKind
{
    /// <summary>One message at a time: the next is sent when the answer to the last has come.</summary>
    PingPong,

    /// <summary>
    /// One message every <see cref="LatencyOptions.Pace"/> on average, at random (a fixed gap would fall into step with
    /// the scan), whether or not the host has kept up.
    /// </summary>
    Paced,

    /// <summary>As many messages as the ring takes.</summary>
    Saturating,

    /// <summary>
    /// A stream of data, one message every <see cref="LatencyOptions.DataPace"/>, and one message marked urgent every
    /// <see cref="LatencyOptions.Pace"/> on average among it.
    /// </summary>
    Mixed,

    /// <summary>
    /// A stream whose messages are answered, as a network card's: the next is sent while fewer than
    /// <see cref="GuestSender.MostInFlight"/> wait for their answer.
    /// </summary>
    Acknowledged,
}
