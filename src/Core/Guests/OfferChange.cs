using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>A channel was offered or rescinded.</summary>
/// <param name="Offer">The channel.</param>
/// <param name="IsRescinded">Whether the host rescinded the channel; otherwise the host offers it.</param>
public readonly record struct OfferChange(GuestOffer Offer, bool IsRescinded);
