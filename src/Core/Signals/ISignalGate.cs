// What one side waits on until the other has signalled, with the end that is signalled.

namespace VmBus;

/// <summary>A remembered signal: set from any thread, waited for by one.</summary>
internal interface ISignalGate : ISignalWait, IDisposable
{
    /// <summary>Signals the waiter, or remembers the signal for the next wait. A full barrier; allocates nothing.</summary>
    void Set();
}
