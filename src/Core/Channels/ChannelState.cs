namespace VmBus;

/// <summary>Whether a channel can still be used.</summary>
public enum ChannelState
{
    /// <summary>In use.</summary>
    Open = 0,

    /// <summary>The other side wrote an invalid value into a ring: see <see cref="VmBusChannel.CorruptionError"/>.</summary>
    Faulted,

    /// <summary>The other side is gone. Packets that it had committed can still be read.</summary>
    Disconnected,

    /// <summary>Disposed on this side.</summary>
    Closed,
}
