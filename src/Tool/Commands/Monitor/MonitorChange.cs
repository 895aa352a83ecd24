namespace VmBus.Tool;

/// <summary>A latency that was set.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="MonitorId">Its monitor.</param>
/// <param name="Before">The latency the page held.</param>
/// <param name="After">The latency the page holds, read after it was written.</param>
internal sealed record MonitorChange(TopRow Channel, int MonitorId, TimeSpan Before, TimeSpan After);
