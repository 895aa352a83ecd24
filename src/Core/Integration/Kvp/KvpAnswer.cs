namespace VmBus.Integration;

/// <summary>A guest's answer.</summary>
/// <param name="Status">The result. The other properties are set only for <see cref="IcStatus.Success"/>.</param>
/// <param name="Key">The enumerated key.</param>
/// <param name="Value">The value of a get or an enumeration.</param>
/// <param name="Addresses">The requested addresses.</param>
public sealed record KvpAnswer(IcStatus Status, string? Key = null, KvpValue Value = default, KvpAddresses? Addresses = null);
