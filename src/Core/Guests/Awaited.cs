// What a guest waits for the host to do.

namespace VmBus.Guests;

internal enum Awaited
{
    Offers,
    Gpadl,
    Open,
    Retarget,
    CloseReserved,
    Monitors,
    Pause,
    Unload,
}
