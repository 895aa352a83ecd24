namespace VmBus.Integration;

/// <summary>What a guest answered.</summary>
/// <param name="Status">How it went. The others are set only for <see cref="IcStatus.Success"/>.</param>
/// <param name="Key">The key enumerated.</param>
/// <param name="Value">The value got or enumerated.</param>
/// <param name="Addresses">The addresses asked for.</param>
public sealed record KvpAnswer(IcStatus Status, string? Key = null, KvpValue Value = default, KvpAddresses? Addresses = null);
