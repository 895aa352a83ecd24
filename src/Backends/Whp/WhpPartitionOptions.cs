// How a guest under the Windows Hypervisor Platform is made.

using VmBus.Hosting;

namespace VmBus.Whp;

/// <summary>How a partition under the Windows Hypervisor Platform is made.</summary>
public sealed record WhpPartitionOptions : GuestPartitionOptions
{
    /// <summary>
    /// Whether the hypervisor turns a guest's signals into events (notification ports); otherwise, and on builds of Windows
    /// without them, each comes out of it as a hypercall.
    /// </summary>
    public bool UsePorts { get; init; } = true;

    /// <summary>
    /// Whether event flags are set through triggers: setting a Windows event, which tells no result. Otherwise, and on
    /// builds of Windows without them, by a call that answers.
    /// </summary>
    public bool UseTriggers { get; init; } = true;
}
