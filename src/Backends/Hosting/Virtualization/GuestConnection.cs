// What stands behind one of a guest's connections.

namespace VmBus.Hosting;

/// <summary>Takes messages or events.</summary>
/// <param name="messages">Takes messages; <see langword="null"/> when the connection is for events.</param>
/// <param name="signalled">Told of an event; <see langword="null"/> when the connection is for messages.</param>
/// <param name="elsewhere">How many events were reported without this connection; <see langword="null"/> for none.</param>
internal sealed class GuestConnection(GuestMessageHandler? messages, Action? signalled, Func<long>? elsewhere = null)
{
    private long _signals;
    private long _monitored;

    public GuestMessageHandler? Messages => messages;

    public bool TakesEvents => signalled is not null;

    // How many the guest made, also those that became one call.
    public long Signals => Volatile.Read(ref _signals) + (elsewhere?.Invoke() ?? 0);

    // How many of them came by the monitor page: the others were calls.
    public long Monitored => Volatile.Read(ref _monitored);

    public void SignalMonitored()
    {
        Interlocked.Increment(ref _monitored);
        Signal();
    }

    public void Signal(ulong count = 1)
    {
        Interlocked.Add(ref _signals, (long)count);
        signalled!();
    }
}
