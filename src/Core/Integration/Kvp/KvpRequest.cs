namespace VmBus.Integration;

/// <summary>What a host asks a guest about pairs and addresses.</summary>
internal sealed class KvpRequest
{
    private KvpRequest(IcKvpOperation operation, IcKvpPool pool)
    {
        Operation = operation;
        Pool = pool;
    }

    /// <summary>What is asked for.</summary>
    internal IcKvpOperation Operation { get; }

    /// <summary>Whose keys are meant.</summary>
    public IcKvpPool Pool { get; }

    /// <summary>The key; empty when enumerating and for addresses.</summary>
    public string Key { get; private init; } = "";

    /// <summary>The value to set.</summary>
    public KvpValue Value { get; private init; }

    /// <summary>Which pair to enumerate.</summary>
    public uint Index { get; private init; }

    /// <summary>The addresses to set, or the adapter whose addresses are asked for.</summary>
    public KvpAddresses? Addresses { get; private init; }

    /// <summary>Asks for the value of a key.</summary>
    /// <exception cref="ArgumentException">The key is empty, too long or holds a zero.</exception>
    public static KvpRequest Get(IcKvpPool pool, string key) => new(IcKvpOperation.Get, pool) { Key = CheckedKey(key) };

    /// <summary>Sets a key.</summary>
    /// <exception cref="ArgumentException">The key is empty, too long or holds a zero; or the value is the default.</exception>
    public static KvpRequest Set(IcKvpPool pool, string key, KvpValue value)
    {
        if (value.Type == 0)
            throw new ArgumentException("The value was not created by one of KvpValue's methods: it has no type.", nameof(value));
        return new KvpRequest(IcKvpOperation.Set, pool) { Key = CheckedKey(key), Value = value };
    }

    /// <summary>Deletes a key.</summary>
    /// <exception cref="ArgumentException">The key is empty, too long or holds a zero.</exception>
    public static KvpRequest Delete(IcKvpPool pool, string key) => new(IcKvpOperation.Delete, pool) { Key = CheckedKey(key) };

    /// <summary>Asks for the pair at an index. The guest answers <see cref="IcStatus.NoMoreItems"/> past the last.</summary>
    public static KvpRequest Enumerate(IcKvpPool pool, uint index) => new(IcKvpOperation.Enumerate, pool) { Index = index };

    /// <summary>Asks for the addresses of an adapter.</summary>
    /// <exception cref="ArgumentException">The adapter's id is too long or holds a zero.</exception>
    public static KvpRequest GetAddresses(string adapterId, IcKvpAddressFamily family)
        => About(IcKvpOperation.GetIpInfo, new KvpAddresses { AdapterId = adapterId, Family = family });

    /// <summary>Sets the addresses of an adapter.</summary>
    /// <exception cref="ArgumentException">A text is too long or holds a zero.</exception>
    public static KvpRequest SetAddresses(KvpAddresses addresses) => About(IcKvpOperation.SetIpInfo, addresses);

    private static KvpRequest About(IcKvpOperation operation, KvpAddresses addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        addresses.Check();
        return new KvpRequest(operation, IcKvpPool.External) { Addresses = addresses };
    }

    private static string CheckedKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return KvpText.Checked(key, KvpMessage.MaxKeyLength);
    }
}
