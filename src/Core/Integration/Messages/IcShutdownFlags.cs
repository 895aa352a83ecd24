// What kind of shutdown is asked for. Mirrors the flags of shutdown_msg_data as Linux drivers/hv/hv_util.c reads them.

namespace VmBus.Integration;

/// <summary>What kind of shutdown is asked for: <c>flags</c> of <see cref="IcShutdown"/>. None is to power off.</summary>
[Flags]
internal enum IcShutdownFlags : uint
{
    /// <summary>Power off.</summary>
    None = 0,

    /// <summary>Whatever programs say to it. Linux always forces.</summary>
    Force = 1,

    /// <summary>Restart.</summary>
    Restart = 2,

    /// <summary>Hibernate.</summary>
    Hibernate = 4,
}
