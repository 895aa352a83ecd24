using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>Who looks at a modelled ring, and how large it is.</summary>
/// <param name="Thread">The end's thread.</param>
/// <param name="Size">Bytes in the data area.</param>
internal sealed record RingEnd(ModelThread Thread, uint Size);
