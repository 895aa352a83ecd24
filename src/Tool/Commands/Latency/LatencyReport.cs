namespace VmBus.Tool;

/// <summary>All that one run of <c>vmbus latency</c> found out.</summary>
internal sealed class LatencyReport
{
    /// <summary>What was asked for. Its modelled costs are printed with every result.</summary>
    public required LatencyOptions Options { get; init; }

    /// <summary>The machine, or <see langword="null"/> in a simulation, which does not depend on it.</summary>
    public MachineFacts? Machine { get; init; }

    /// <summary>How many tasks ran or were ready on average over the minute before the run; <see langword="null"/> where nothing tells.</summary>
    public double? LoadAverage { get; init; }

    /// <summary>How many cores other programs had on average while the cells ran; <see langword="null"/> where nothing tells.</summary>
    public double? OtherCores { get; init; }

    /// <summary>Whether others had all of the machine's cores before the run began.</summary>
    public bool IsBusy => LoadAverage > Machine?.Cores;

    /// <summary>
    /// Whether the machine's own error may be what a result shows: others wanted all of its cores, or had some while the two ends and the
    /// scan had no core each, or a sleep ended later than ten windows.
    /// </summary>
    public bool IsNoisy => Machine is { } machine
        && (IsBusy
            || (OtherCores > MuchLoad && machine.Cores - OtherCores < Ends)
            || Noise?.SleepP99 - Noise?.SleepAsked > Options.Window.TotalNanoseconds * LateWindows);

    private const double MuchLoad = 0.2;
    private const int Ends = 3;
    private const int LateWindows = 10;

    /// <summary>The machine's own error, or <see langword="null"/> in a simulation.</summary>
    public MachineNoise? Noise { get; init; }

    /// <summary>One result for each load and mode, in the order of the options.</summary>
    public required IReadOnlyList<LatencyCell> Cells { get; init; }

    /// <summary>The result of one mode under one load.</summary>
    /// <returns>The cell, or <see langword="null"/> when it was not run.</returns>
    public LatencyCell? Find(SignalMode mode, LoadKind load)
    {
        foreach (LatencyCell cell in Cells)
        {
            if (cell.Mode == mode && cell.Load == load)
                return cell;
        }

        return null;
    }
}
