// What one side waits on and the other signals.

namespace VmBus;

/// <summary>A remembered signal: any thread sets it, one waits for it.</summary>
internal interface ISignalGate : ISignalWait, IDisposable
{
    /// <summary>Signals the waiter, or remembers the signal for the next wait. A full barrier; allocates nothing.</summary>
    void Set();
}
