// What one side waits on until the other has signalled, with the end that is signalled.

using VmBus.Signals;

namespace VmBus.Partitions;

/// <summary>A remembered signal: set from any thread, waited for by one.</summary>
public interface ISignalGate : ISignalWait, IDisposable
{
    /// <summary>Signals the waiter, or remembers the signal until somebody waits. A full barrier; allocates nothing.</summary>
    void Set();

    /// <summary>
    /// Ends every wait, now and later, with <see cref="PeerDisconnectedException"/>. A signal that is remembered is still
    /// taken first.
    /// </summary>
    /// <param name="reason">Which peer, and how its end was noticed.</param>
    void Close(string reason);
}
