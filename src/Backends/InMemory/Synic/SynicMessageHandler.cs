using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>Takes a message out of a VP's message page.</summary>
/// <param name="sint">The SINT it came to.</param>
/// <param name="message">A private copy; the slot is free already.</param>
internal delegate void SynicMessageHandler(int sint, in SynicMessage message);
