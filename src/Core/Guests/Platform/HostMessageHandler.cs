namespace VmBus.Guests;

/// <summary>Takes a message that the host has written into the guest's message slot.</summary>
/// <param name="payload">The message, up to 240 bytes: a private copy, valid during the call.</param>
internal delegate void HostMessageHandler(ReadOnlySpan<byte> payload);
