namespace VmBus.Tool;

/// <summary>
/// The machine's own error, measured in the same run: no latency below can be trusted to less than this. Nanoseconds.
/// </summary>
/// <param name="SleepAsked">The sleep that was asked for.</param>
/// <param name="SleepP50">How long it took at the median.</param>
/// <param name="SleepP99">How long it took at the 99th percentile.</param>
/// <param name="SleepMax">How long it took at worst.</param>
/// <param name="WakeAcrossCores">
/// The median from waking a sleeping thread to its first instruction, waker and sleeper on two cores;
/// <see langword="null"/> with one core, or where threads cannot be pinned.
/// </param>
/// <param name="WakeOnOneCore">The same with both on one core; <see langword="null"/> where threads cannot be pinned.</param>
/// <param name="ClockRead">One read of the clock.</param>
/// <param name="Interlocked">One interlocked OR on a word no other thread touches.</param>
internal sealed record MachineNoise(
    double SleepAsked,
    double SleepP50,
    double SleepP99,
    double SleepMax,
    double? WakeAcrossCores,
    double? WakeOnOneCore,
    double ClockRead,
    double Interlocked);
