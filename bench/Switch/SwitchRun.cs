using VmBus.Switch.Guest;

namespace VmBus.Switch;

/// <summary>What was measured in one guest.</summary>
/// <param name="Window">How often its monitor page was examined, as it was asked for: <c>5ms</c>.</param>
/// <param name="WindowUs">The same in microseconds.</param>
/// <param name="Guest">The guest.</param>
/// <param name="Cells">The loads.</param>
internal sealed record SwitchRun(string Window, double WindowUs, GuestFacts Guest, IReadOnlyList<SwitchCell> Cells)
{
    /// <summary>A load in both modes.</summary>
    /// <returns>They; <see langword="null"/> when one was not measured.</returns>
    public (SwitchCell Monitored, SwitchCell LowLatency)? Find(string load) =>
        Cell(load, GuestLine.Monitored) is { } monitored && Cell(load, GuestLine.LowLatency) is { } lowLatency ? (monitored, lowLatency) : null;

    private SwitchCell? Cell(string load, string mode) => Cells.FirstOrDefault(cell => cell.Load == load && cell.Mode == mode);
}
