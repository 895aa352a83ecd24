// Key-value pairs in memory, in the order in which they were first set. What the pool files of Linux's hv_kvp_daemon are.

using System.Diagnostics.CodeAnalysis;

namespace VmBus.Integration;

/// <summary>Pairs in memory. Thread-safe.</summary>
/// <param name="maxPairs">The maximum number of pairs per pool; more are refused with <see cref="IcStatus.DiskFull"/>.</param>
public sealed class KvpStore(int maxPairs = 1024) : IKvpStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IcKvpPool, OrderedDictionary<string, KvpValue>> _pools = [];

    /// <inheritdoc/>
    public bool TryGet(IcKvpPool pool, string key, out KvpValue value)
    {
        lock (_lock)
            return Pool(pool).TryGetValue(key, out value);
    }

    /// <inheritdoc/>
    public IcStatus Set(IcKvpPool pool, string key, KvpValue value)
    {
        if (value.Type == 0)
            return IcStatus.InvalidArgument;
        lock (_lock)
        {
            OrderedDictionary<string, KvpValue> pairs = Pool(pool);
            if (pairs.Count >= maxPairs && !pairs.ContainsKey(key))
                return IcStatus.DiskFull;
            pairs[key] = value;
            return IcStatus.Success;
        }
    }

    /// <inheritdoc/>
    public IcStatus Delete(IcKvpPool pool, string key)
    {
        lock (_lock)
            return Pool(pool).Remove(key) ? IcStatus.Success : IcStatus.NotFound;
    }

    /// <inheritdoc/>
    public bool TryGetAt(IcKvpPool pool, uint index, [NotNullWhen(true)] out string? key, out KvpValue value)
    {
        lock (_lock)
        {
            OrderedDictionary<string, KvpValue> pairs = Pool(pool);
            bool isThere = index < (uint)pairs.Count;
            (key, value) = isThere ? pairs.GetAt((int)index) : default;
            return isThere;
        }
    }

    private OrderedDictionary<string, KvpValue> Pool(IcKvpPool pool)
    {
        if (!_pools.TryGetValue(pool, out OrderedDictionary<string, KvpValue>? pairs))
            _pools.Add(pool, pairs = new OrderedDictionary<string, KvpValue>(StringComparer.Ordinal));
        return pairs;
    }
}
