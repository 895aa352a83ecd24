namespace VmBus.Tool.Latency;

/// <summary>x</summary>
internal static class MachineNoiseMeter
{
    /// <summary>x</summary>
    public static MachineNoise Measure(CancellationToken cancellationToken) { cancellationToken.ThrowIfCancellationRequested(); return new(100_000, 135_000, 500_000, 1_200_000, 8_100, 5_200, 21, 6.1); }
}
