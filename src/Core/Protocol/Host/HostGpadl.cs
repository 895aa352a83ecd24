// One GPADL of a host's guest. What Gpadl and GpadlState are to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>Where one GPADL stands.</summary>
internal enum HostGpadlState
{
    /// <summary>Bodies are missing.</summary>
    Assembling,

    /// <summary>The device has not answered.</summary>
    Offered,

    /// <summary>The guest is gone, the device has not answered.</summary>
    OfferedReleased,

    /// <summary>The device has it.</summary>
    Accepted,

    /// <summary>It shall be torn down, but a channel that is not closed yet has its rings there.</summary>
    TeardownHeld,

    /// <summary>The device has not answered that it shall be torn down.</summary>
    TearingDown,
}

/// <summary>One GPADL.</summary>
internal sealed class HostGpadl(uint handle, GpadlAssembly assembly)
{
    public uint Handle { get; } = handle;

    public GpadlAssembly Assembly { get; } = assembly;

    public HostGpadlState State { get; set; }
}
