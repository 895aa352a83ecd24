// Prints pairs as they change. It reads the files again at each look: no inotify, whose instances are few, and which tells of files, not
// of pairs; and no look at times of files, which are coarser than writes.

using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>Looks at pools in a steady beat.</summary>
internal sealed class KvpWatch(KvpStorage storage, IReadOnlyList<IcKvpPool> pools, TimeSpan interval, TimeProvider clock)
{
    /// <summary>Tells each change, until cancelled.</summary>
    public async Task RunAsync(Action<KvpChange> tell, CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(interval, clock);
        IReadOnlyList<KvpPair> before = storage.Read(pools);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            IReadOnlyList<KvpPair> now = storage.Read(pools);
            foreach (KvpChange change in KvpChange.Between(before, now, clock.GetUtcNow()))
                tell(change);
            before = now;
        }
    }
}
