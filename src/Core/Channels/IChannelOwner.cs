namespace VmBus;

/// <summary>What opened a channel, and closes it: gives its memory back, and tells the other side where it has to be told.</summary>
internal interface IChannelOwner
{
    /// <summary>The channel was disposed: begins to close it. Does not wait.</summary>
    void OnDisposed();

    /// <summary>Closes the channel, and waits until its memory is given back.</summary>
    Task CloseAsync(CancellationToken cancellationToken);
}
