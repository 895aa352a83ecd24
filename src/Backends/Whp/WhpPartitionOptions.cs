// How a guest under the Windows Hypervisor Platform is made.

using VmBus.Hosting;

namespace VmBus.Whp;

/// <summary>Options of a partition under the Windows Hypervisor Platform.</summary>
public sealed record WhpPartitionOptions : GuestPartitionOptions
{
    /// <summary>
    /// Whether the hypervisor turns a guest's signals into events (notification ports); otherwise, and on builds of Windows
    /// without them, each signal exits to this process as a hypercall.
    /// </summary>
    public bool UsePorts { get; init; } = true;

    /// <summary>
    /// Whether event flags are set through triggers: by setting a Windows event, which returns no result. Otherwise, and on
    /// builds of Windows without them, by a call that returns a result.
    /// </summary>
    public bool UseTriggers { get; init; } = true;
}
