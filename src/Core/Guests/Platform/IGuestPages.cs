// Pages that a guest takes from its own memory to show its host.

namespace VmBus.Guests;

/// <summary>Zeroed pages of a guest's own memory, one behind the other where they are mapped. Disposed to give them back.</summary>
internal interface IGuestPages : IDisposable
{
    /// <summary>Their frames, in order.</summary>
    ReadOnlyMemory<ulong> PageFrames { get; }

    /// <summary>Where the first is mapped.</summary>
    nint Address { get; }

    /// <summary>Gives up the pages without giving them back: they stay taken, and can be adopted.</summary>
    void Leave();
}
