using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>A pair of a pool.</summary>
internal sealed record KvpPair(IcKvpPool Pool, string Key, string Value);
