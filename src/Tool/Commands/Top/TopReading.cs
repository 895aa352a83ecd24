using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>What sysfs showed at one moment.</summary>
/// <param name="Time">When, for people.</param>
/// <param name="Clock">When, for rates: time since some start that all readings share.</param>
/// <param name="Devices">The devices with their channels.</param>
internal sealed record TopReading(DateTimeOffset Time, TimeSpan Clock, IReadOnlyList<SysfsDevice> Devices);
