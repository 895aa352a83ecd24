namespace VmBus.Testing;

/// <summary>Threads and the memory they share.</summary>
/// <param name="Name">As printed.</param>
/// <param name="Cells">The names of the cells.</param>
/// <param name="Actors">The threads.</param>
internal sealed record Scenario(string Name, IReadOnlyList<string> Cells, IReadOnlyList<Actor> Actors)
{
    /// <summary>What the cells hold at first; zeros where it is shorter.</summary>
    public IReadOnlyList<byte> Initial { get; init; } = [];

    public Watch? Watch { get; init; }
}
