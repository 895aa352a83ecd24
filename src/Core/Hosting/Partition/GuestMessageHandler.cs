using VmBus.Layout;

namespace VmBus.Hosting;

/// <summary>Takes a message that a guest posts.</summary>
/// <param name="payload">The message, up to 240 bytes: a private copy, valid during the call.</param>
/// <returns>
/// What the guest's hypercall answers: <see cref="HypercallStatus.Success"/>, or
/// <see cref="HypercallStatus.InsufficientBuffers"/> to have it tried again later.
/// </returns>
internal delegate HypercallStatus GuestMessageHandler(ReadOnlySpan<byte> payload);
