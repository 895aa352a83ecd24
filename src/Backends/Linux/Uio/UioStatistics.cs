namespace VmBus.Linux;

/// <summary>What was counted on a UIO device, all channels together.</summary>
/// <param name="Interrupts">Interrupts of the host, those that came together counted singly.</param>
/// <param name="Reads">Reads that found the interrupt count changed.</param>
/// <param name="Signals">Control writes that signal the host: one a signal on channels without a monitor.</param>
internal readonly record struct UioStatistics(long Interrupts, long Reads, long Signals);
