namespace VmBus.Core.Tests.Exploration;

/// <summary>What goes through a modelled ring.</summary>
/// <param name="Size">Bytes in the data area; packets end where it does only after some laps, so they wrap.</param>
/// <param name="Length">Bytes in a packet.</param>
/// <param name="Packets">How many packets in all.</param>
internal sealed record RingPlan(uint Size, uint Length, int Packets)
{
    /// <summary>How many packets lie in the ring at first.</summary>
    public int Prefilled { get; init; }

    /// <summary>Whether a writer without room asks for a signal; if not, it spins, and its feature bit is clear.</summary>
    public bool WaitsForRoom { get; init; } = true;

    /// <summary>Whether the reader gives room back after each packet; if not, after all that it sees at once.</summary>
    public bool CommitsEach { get; init; }
}
