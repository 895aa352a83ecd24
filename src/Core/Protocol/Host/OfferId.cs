// Which offer of a host a call means. What OfferId is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>
/// An offer of a <see cref="HostProtocol"/>: given out by it, never given out again. A channel keeps it while relids come
/// and go with the guest's connections.
/// </summary>
/// <param name="Value">Its number, from 1 on, in the order of the offers.</param>
internal readonly record struct OfferId(int Value);
