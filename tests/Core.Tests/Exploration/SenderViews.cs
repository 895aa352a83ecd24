using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>How a sender sees the ring and the signaller.</summary>
/// <param name="Ring">The ring, or a mutant of it.</param>
/// <param name="Signal">The signaller, or a mutant of it.</param>
/// <param name="Locks">Whether others send, too, so that the ring has a lock.</param>
internal sealed record SenderViews(Func<RingEnd, LockedRing> Ring, Func<ModelThread, ModelSignal> Signal, bool Locks);
