namespace VmBus.Tool;

/// <summary>The guest's half of a cell's result.</summary>
/// <param name="Before">The counters of its end when counting began.</param>
/// <param name="After">The counters of its end when the last message was sent.</param>
/// <param name="Cpu">CPU time of the guest's thread while counting.</param>
/// <param name="ProcessCpu">CPU time of the guest's process while counting.</param>
internal sealed record GuestResult(ChannelStatistics Before, ChannelStatistics After, TimeSpan Cpu, TimeSpan ProcessCpu);
