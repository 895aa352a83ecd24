// What a guest can wait for.

namespace VmBus.Protocol;

/// <summary>What a guest can wait for.</summary>
internal enum RequestKind
{
    Contact,
    Drain,
    Offers,
    CreateGpadl,
    TeardownGpadl,
    Open,
    ModifyChannel,
    CloseReserved,
    ConnectTransport,
    ModifyConnection,
    Pause,
    Unload,
}
