namespace VmBus.Protocol;

/// <summary>The numbers of records. They come in this order, each kind of state with its own.</summary>
internal enum SavedStateRecord : ushort
{
    HostConnection = 1,
    HostChannels = 2,
    HostTransports = 3,
    Outbox = 4,
    Aside = 5,

    GuestConnection = 16,
    GuestChannels = 17,
    GuestRequests = 18,
    Held = 19,

    Protocol = 32,
    Inbox = 33,
    GuestPages = 34,
    GuestRings = 35,
    Unreleased = 36,
}
