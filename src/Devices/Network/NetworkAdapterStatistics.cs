// What a network adapter has done.

namespace VmBus.Devices;

/// <summary>The counters of a <see cref="NetworkAdapter"/>. A snapshot: exact only while it is idle.</summary>
public readonly record struct NetworkAdapterStatistics
{
    /// <summary>Frames of the guest that the link accepted.</summary>
    public long FramesSent { get; init; }

    /// <summary>Bytes of these frames.</summary>
    public long BytesSent { get; init; }

    /// <summary>Frames of the link that were delivered to the guest.</summary>
    public long FramesReceived { get; init; }

    /// <summary>Bytes of these frames.</summary>
    public long BytesReceived { get; init; }

    /// <summary>
    /// Frames of the link that the guest's filter dropped: frames for other addresses, and all frames while its interface is
    /// down.
    /// </summary>
    public long FramesFiltered { get; init; }

    /// <summary>Frames of the link that were longer than the guest's MTU allows, or whose receive buffer was gone.</summary>
    public long FramesLost { get; init; }

    /// <summary>Packets and frames of the guest that are not valid in the protocol, or longer than its MTU allows.</summary>
    public long Rejected { get; init; }
}

/// <summary>The counters behind it. Any thread.</summary>
internal sealed class NetworkCounts
{
    private long _sent, _bytesSent, _received, _bytesReceived, _filtered, _lost, _rejected;

    public long Sent => Volatile.Read(ref _sent);

    public long Received => Volatile.Read(ref _received);

    public long Lost => Volatile.Read(ref _lost);

    public long Rejected => Volatile.Read(ref _rejected);

    public void AddSent(int bytes)
    {
        Interlocked.Increment(ref _sent);
        Interlocked.Add(ref _bytesSent, bytes);
    }

    public void AddReceived(int frames, long bytes)
    {
        Interlocked.Add(ref _received, frames);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    public void AddFiltered() => Interlocked.Increment(ref _filtered);

    public void AddLost(int frames = 1) => Interlocked.Add(ref _lost, frames);

    public void AddRejected() => Interlocked.Increment(ref _rejected);

    public NetworkAdapterStatistics Snapshot() => new()
    {
        FramesSent = Sent,
        BytesSent = Volatile.Read(ref _bytesSent),
        FramesReceived = Received,
        BytesReceived = Volatile.Read(ref _bytesReceived),
        FramesFiltered = Volatile.Read(ref _filtered),
        FramesLost = Lost,
        Rejected = Rejected,
    };
}
