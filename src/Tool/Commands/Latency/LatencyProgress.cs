namespace VmBus.Tool;

/// <summary>How far a cell has come.</summary>
/// <param name="Fraction">0 to 1 of its time.</param>
/// <param name="Packets">Packets read so far.</param>
internal readonly record struct LatencyProgress(double Fraction, long Packets);
