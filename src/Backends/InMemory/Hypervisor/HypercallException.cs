using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// The hypervisor refused to create, connect or find something. The calls a guest makes on its signal path answer with
/// a status instead.
/// </summary>
internal sealed class HypercallException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="status">What the hypervisor answered.</param>
    /// <param name="message">What was asked of it, with the numbers.</param>
    public HypercallException(HypercallStatus status, string message) : base($"{message} ({status}, 0x{(ushort)status:x})") => Status = status;

    /// <summary>What the hypervisor answered.</summary>
    public HypercallStatus Status { get; }
}
