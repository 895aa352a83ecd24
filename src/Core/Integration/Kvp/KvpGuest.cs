// The guest's side of key-value pairs: hv_kvp_onchannelcallback, kvp_send_key and kvp_respond_to_host (Linux
// drivers/hv/hv_kvp.c) and what its daemon does.

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Answers a host's requests about pairs and addresses from a store.</summary>
/// <remarks>
/// An unknown operation is answered with <see cref="IcStatus.NotSupported"/>; an unknown pool or type, or a key that is
/// empty or of an invalid length, with <see cref="IcStatus.InvalidArgument"/>; a message too short for its operation with
/// <see cref="IcStatus.Fail"/>.
/// </remarks>
public sealed class KvpGuest : IntegrationGuest
{
    private readonly IKvpStore _store;

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="store">The store of the pairs.</param>
    public KvpGuest(IKvpStore store) : base(IcMessageType.KvpExchange, IntegrationVersions.Kvp)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
    }

    private protected override IcStatus Respond(Span<byte> body)
    {
        if (body.Length < IcKvpHeader.Size)
            return Malformed();
        var operation = (IcKvpOperation)body[0];
        var pool = (IcKvpPool)body[1];
        if (operation > IcKvpOperation.SetIpInfo)
            return IcStatus.NotSupported;
        if (body.Length < KvpMessage.LeastLength(operation))
            return Malformed();
        if (pool > IcKvpPool.AutoInternal)
            return Malformed(IcStatus.InvalidArgument);

        Span<byte> content = body[IcKvpHeader.Size..];
        return operation switch
        {
            IcKvpOperation.Get => Get(pool, ref MemoryMarshal.AsRef<IcKvpValue>(content)),
            IcKvpOperation.Set => Set(pool, MemoryMarshal.AsRef<IcKvpValue>(content)),
            IcKvpOperation.Delete => Delete(pool, MemoryMarshal.AsRef<IcKvpDelete>(content)),
            IcKvpOperation.Enumerate => Enumerate(pool, ref MemoryMarshal.AsRef<IcKvpEnumerate>(content)),
            IcKvpOperation.GetIpInfo => GetAddresses(ref MemoryMarshal.AsRef<IcKvpIpMessage>(body).Info),
            _ => _store.SetAddresses(KvpAddresses.Read(MemoryMarshal.AsRef<IcKvpIpMessage>(body).Info)),
        };
    }

    private IcStatus Get(IcKvpPool pool, ref IcKvpValue pair)
    {
        if (!KvpMessage.TryReadKey(pair.Key, pair.KeyLength, out string key))
            return Malformed(IcStatus.InvalidArgument);
        if (!_store.TryGet(pool, key, out KvpValue value))
            return IcStatus.NotFound;
        value.Write(ref pair);
        return IcStatus.Success;
    }

    private IcStatus Set(IcKvpPool pool, in IcKvpValue pair)
        => KvpMessage.TryReadKey(pair.Key, pair.KeyLength, out string key) && KvpValue.TryRead(pair, out KvpValue value)
            ? _store.Set(pool, key, value)
            : Malformed(IcStatus.InvalidArgument);

    private IcStatus Delete(IcKvpPool pool, in IcKvpDelete message)
        => KvpMessage.TryReadKey(message.Key, message.KeyLength, out string key) ? _store.Delete(pool, key) : Malformed(IcStatus.InvalidArgument);

    private IcStatus Enumerate(IcKvpPool pool, ref IcKvpEnumerate message)
    {
        if (!_store.TryGetAt(pool, message.Index, out string? key, out KvpValue value))
            return IcStatus.NoMoreItems;
        message.Data.KeyLength = KvpText.Write(KvpText.Checked(key, KvpMessage.MaxKeyLength), message.Data.Key);
        value.Write(ref message.Data);
        return IcStatus.Success;
    }

    private IcStatus GetAddresses(ref IcKvpIpInfo info)
    {
        IcStatus status = _store.GetAddresses(KvpText.Read(info.AdapterId), info.AddressFamily, out KvpAddresses? addresses);
        if (status == IcStatus.Success)
            addresses?.Write(ref info);
        return status;
    }
}
