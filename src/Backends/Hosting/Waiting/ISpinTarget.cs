namespace VmBus.Hosting;

/// <summary>What a waiter spins on.</summary>
internal interface ISpinTarget
{
    /// <summary>Takes the signal if it is there. Never blocks.</summary>
    bool TryTake();

    /// <summary>Whether no signal can come any more.</summary>
    bool IsClosed { get; }
}
