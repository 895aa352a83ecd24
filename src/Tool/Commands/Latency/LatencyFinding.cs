namespace VmBus.Tool;

/// <summary>One thing the switch should do, and whether this run shows it.</summary>
/// <param name="Expectation">What should hold, with its number; the same words in every run.</param>
/// <param name="Holds">Whether it does; <see langword="null"/> when too little was measured to say, or the machine is too noisy.</param>
/// <param name="Text">What this run shows, in numbers, as a sentence.</param>
/// <param name="IsNoise">Whether it would not hold, and the machine's own error is enough to explain that.</param>
internal sealed record LatencyFinding(string Expectation, bool? Holds, string Text, bool IsNoise = false);
