// What both sides know of key-value messages: how long each is, and what a key is. Facts of hv_kvp_exchg_op's bodies (Linux
// include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>Lengths and keys.</summary>
internal static class KvpMessage
{
    /// <summary>The longest key, in UTF-16 units.</summary>
    public const int MaxKeyLength = IcKvpKeyBytes.Size / 2 - 1;

    /// <summary>The least bytes of a body that asks for an operation.</summary>
    public static int LeastLength(IcKvpOperation operation) => operation switch
    {
        IcKvpOperation.Get or IcKvpOperation.Set => IcKvpHeader.Size + IcKvpValue.Size,
        IcKvpOperation.Delete => IcKvpHeader.Size + IcKvpDelete.Size,
        IcKvpOperation.Enumerate => IcKvpHeader.Size + IcKvpEnumerate.Size,
        _ => IcKvpIpMessage.Size,
    };

    /// <summary>Reads a key.</summary>
    /// <returns><see langword="false"/> when it is empty or its length impossible.</returns>
    public static bool TryReadKey(ReadOnlySpan<byte> room, uint length, out string key)
        => KvpText.TryRead(room, length, out key) && key.Length is > 0 and <= MaxKeyLength;
}
