namespace VmBus.Integration;

/// <summary>A time sample from a host.</summary>
/// <param name="HostTime">The host's time when the message was handled here.</param>
/// <param name="Offset">How far the host's clock is ahead of this side's.</param>
/// <param name="Age">How long the message was in transit, by the guest's reference time; zero if the message carries none.</param>
/// <param name="IsSync">Whether the host asks the guest to set its clock; otherwise the time is for comparison.</param>
/// <param name="LeapIndicator">NTP's leap indicator, 0 before version 4.0.</param>
/// <param name="Stratum">NTP's stratum of the host's clock, 0 before version 4.0.</param>
public readonly record struct TimeSample(DateTimeOffset HostTime, TimeSpan Offset, TimeSpan Age, bool IsSync, byte LeapIndicator, byte Stratum);
