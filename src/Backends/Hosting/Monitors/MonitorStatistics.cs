namespace VmBus.Hosting;

/// <summary>What one monitor has done.</summary>
/// <param name="Signals">Pending bits that became a signal.</param>
/// <param name="Deferred">Examinations that found the bit pending and not armed, armed it, and left it for the next.</param>
/// <param name="Errors">Signals that failed; the hypervisor discards their status.</param>
internal readonly record struct MonitorStatistics(long Signals, long Deferred, long Errors);
