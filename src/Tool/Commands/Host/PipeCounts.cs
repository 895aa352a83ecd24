// What has gone through a pipe.

namespace VmBus.Tool;

/// <summary>Bytes each way, over all opens and clients, and whether there is a client. One writer each; any reader.</summary>
internal sealed class PipeCounts
{
    private long _toGuest;
    private long _fromGuest;
    private bool _isConnected;

    /// <summary>Bytes put into the guest's ring.</summary>
    public long ToGuest => Volatile.Read(ref _toGuest);

    /// <summary>Bytes that clients' sockets took.</summary>
    public long FromGuest => Volatile.Read(ref _fromGuest);

    /// <summary>Whether a client is being served.</summary>
    public bool IsConnected
    {
        get => Volatile.Read(ref _isConnected);
        set => Volatile.Write(ref _isConnected, value);
    }

    /// <summary>Counts bytes on their way to the guest.</summary>
    public void AddToGuest(int bytes) => Volatile.Write(ref _toGuest, _toGuest + bytes);

    /// <summary>Counts bytes of the guest.</summary>
    public void AddFromGuest(int bytes) => Volatile.Write(ref _fromGuest, _fromGuest + bytes);

    /// <inheritdoc/>
    public override string ToString() => $"{ToGuest} bytes to the guest, {FromGuest} bytes from it, {(IsConnected ? "a client is connected" : "no client")}";
}
