namespace VmBus.Tool.Plots;

/// <summary>x</summary>
internal static class LatencyPlot
{
    /// <summary>x</summary>
    public static byte[] Render(Latency.LatencyReport report) => [];
}
