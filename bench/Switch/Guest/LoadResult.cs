// What the guest says of its loads, a line of JSON each; bench/Switch reads them.

using System.Text.Json.Serialization;

namespace VmBus.Switch.Guest;

/// <summary>What came of a load in one mode, over all its rounds.</summary>
/// <param name="Load">Which load.</param>
/// <param name="Mode">How the guest's channel signals: <c>monitored</c> or <c>low-latency</c>.</param>
/// <param name="Requests">Requests that have ended, those of the warm-up among them.</param>
/// <param name="Measured">Requests whose time was taken.</param>
/// <param name="Seconds">How long those took, rounds added.</param>
/// <param name="Bytes">Bytes that they carried.</param>
/// <param name="QuantilesUs">Their times from the least to the most, the percentiles 0 to 100, in microseconds; empty for a stream.</param>
internal sealed record LoadResult(string Load, string Mode, long Requests, long Measured, double Seconds, long Bytes, IReadOnlyList<double> QuantilesUs);

/// <summary>Where it ran.</summary>
/// <param name="Kernel">The guest's kernel.</param>
/// <param name="Clocksource">What its clock is read from.</param>
/// <param name="ClockNs">What a reading of it takes.</param>
/// <param name="Vps">Its virtual processors.</param>
internal sealed record GuestFacts(string Kernel, string Clocksource, double ClockNs, int Vps);

/// <summary>No reflection: NativeAOT writes it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LoadResult))]
[JsonSerializable(typeof(GuestFacts))]
internal sealed partial class GuestJson : JsonSerializerContext;
