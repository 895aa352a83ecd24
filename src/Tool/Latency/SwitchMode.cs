namespace VmBus.Tool.Latency;

/// <summary>How the guest tells the host "look at your ring" in one cell of a run.</summary>
internal enum SwitchMode
{
    /// <summary>A bit in the monitor page; the scan finds it within the window.</summary>
    Monitored,

    /// <summary>A hypercall for each signal.</summary>
    LowLatency,

    /// <summary>One or the other, chosen from the measured load.</summary>
    Adaptive,
}
