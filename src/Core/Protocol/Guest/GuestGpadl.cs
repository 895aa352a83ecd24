// A GPADL that the host knows, or may know. Mirrors vmbus_gpadl (Linux include/linux/hyperv.h).

namespace VmBus.Protocol;

/// <summary>A GPADL that the host knows, or may know.</summary>
internal sealed class GuestGpadl(uint handle, KnownChannel channel)
{
    /// <summary>How far a GPADL is.</summary>
    internal enum Phase
    {
        Creating,

        /// <summary>The host has not answered, and what it takes is to be torn down.</summary>
        Abandoned,
        Created,
        TearingDown,
    }

    public uint Handle { get; } = handle;

    public KnownChannel Channel { get; } = channel;

    public Phase State { get; set; }
}
