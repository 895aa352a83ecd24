using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>A channel came or went.</summary>
/// <param name="Offer">The channel.</param>
/// <param name="IsRescinded">Whether the host has taken it back; otherwise it offers it.</param>
public readonly record struct OfferChange(GuestOffer Offer, bool IsRescinded);
