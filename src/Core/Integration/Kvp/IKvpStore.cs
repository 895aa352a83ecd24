using System.Diagnostics.CodeAnalysis;

namespace VmBus.Integration;

/// <summary>Where a guest keeps its key-value pairs and addresses; the counterpart of hv_kvp_daemon on Linux.</summary>
/// <remarks>Called by the thread that handles the guest's messages. Keys have 1 to 255 UTF-16 units.</remarks>
public interface IKvpStore
{
    /// <summary>Gets the value of a key.</summary>
    bool TryGet(IcKvpPool pool, string key, out KvpValue value);

    /// <summary>Sets a new or existing key.</summary>
    /// <returns><see cref="IcStatus.Success"/>, or the reason of the failure.</returns>
    IcStatus Set(IcKvpPool pool, string key, KvpValue value);

    /// <summary>Deletes a key.</summary>
    /// <returns><see cref="IcStatus.Success"/>, or <see cref="IcStatus.NotFound"/>.</returns>
    IcStatus Delete(IcKvpPool pool, string key);

    /// <summary>Gets the pair at an index.</summary>
    /// <returns><see langword="false"/> past the last.</returns>
    bool TryGetAt(IcKvpPool pool, uint index, [NotNullWhen(true)] out string? key, out KvpValue value);

    /// <summary>Gets the addresses of an adapter.</summary>
    /// <returns>
    /// <see cref="IcStatus.Success"/> and addresses, or the reason of the failure; by default, that there are none.
    /// </returns>
    IcStatus GetAddresses(string adapterId, IcKvpAddressFamily family, out KvpAddresses? addresses)
    {
        addresses = null;
        return IcStatus.NotSupported;
    }

    /// <summary>Sets the addresses of an adapter.</summary>
    /// <returns><see cref="IcStatus.Success"/>, or the reason of the failure; by default, that it is not supported.</returns>
    IcStatus SetAddresses(KvpAddresses addresses) => IcStatus.NotSupported;
}
