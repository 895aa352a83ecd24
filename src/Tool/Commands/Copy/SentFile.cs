namespace VmBus.Tool;

/// <summary>What the near end of a copy has sent.</summary>
/// <param name="Sha256">The digest of what went into the ring, 32 bytes.</param>
/// <param name="Signals">What became of each decision to signal.</param>
internal sealed record SentFile(byte[] Sha256, SignalCounts Signals);
