namespace VmBus.Hosting;

/// <summary>How a guest ended, and what is known of it.</summary>
/// <param name="Reason">The kind of end.</param>
/// <param name="Detail">What the processor or the guest said, for people.</param>
public sealed record GuestEnd(GuestEndReason Reason, string Detail);
