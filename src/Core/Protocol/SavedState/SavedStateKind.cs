namespace VmBus.Protocol;

/// <summary>What a saved state is of: the third field of its head.</summary>
internal enum SavedStateKind : ushort
{
    /// <summary>A <see cref="Protocol.HostProtocol"/>.</summary>
    HostProtocol = 1,

    /// <summary>A <see cref="Protocol.GuestProtocol"/>.</summary>
    GuestProtocol = 2,

    /// <summary>A <see cref="Hosting.HostBus"/>.</summary>
    HostBus = 3,

    /// <summary>A <see cref="Guests.GuestBus"/>.</summary>
    GuestBus = 4,
}
