using System.Diagnostics.CodeAnalysis;

namespace VmBus.Integration;

/// <summary>Where a guest keeps its key-value pairs and addresses: what hv_kvp_daemon is to Linux.</summary>
/// <remarks>Called by the thread that handles the guest's messages. Keys are of 1 to 255 UTF-16 units.</remarks>
public interface IKvpStore
{
    /// <summary>The value of a key.</summary>
    bool TryGet(IcKvpPool pool, string key, out KvpValue value);

    /// <summary>Sets a key, new or not.</summary>
    /// <returns><see cref="IcStatus.Success"/>, or why not.</returns>
    IcStatus Set(IcKvpPool pool, string key, KvpValue value);

    /// <summary>Deletes a key.</summary>
    /// <returns><see cref="IcStatus.Success"/>, or <see cref="IcStatus.NotFound"/>.</returns>
    IcStatus Delete(IcKvpPool pool, string key);

    /// <summary>The pair at an index.</summary>
    /// <returns><see langword="false"/> past the last.</returns>
    bool TryGetAt(IcKvpPool pool, uint index, [NotNullWhen(true)] out string? key, out KvpValue value);

    /// <summary>The addresses of an adapter.</summary>
    /// <returns><see cref="IcStatus.Success"/> and addresses, or why not; by default that there are none.</returns>
    IcStatus GetAddresses(string adapterId, IcKvpAddressFamily family, out KvpAddresses? addresses)
    {
        addresses = null;
        return IcStatus.NotSupported;
    }

    /// <summary>Sets the addresses of an adapter.</summary>
    /// <returns><see cref="IcStatus.Success"/>, or why not; by default that it cannot be done.</returns>
    IcStatus SetAddresses(KvpAddresses addresses) => IcStatus.NotSupported;
}
