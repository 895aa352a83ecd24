namespace VmBus.Guests;

/// <summary>How a guest's channel came to its end.</summary>
internal enum GuestChannelEnd
{
    /// <summary>The guest closed it.</summary>
    Closed,

    /// <summary>The host took it back.</summary>
    Rescinded,

    /// <summary>The connection ended.</summary>
    Disconnected,
}
