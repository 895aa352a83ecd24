// What a guest asks for at contact, as far as it was found good. What ConnectionInfo is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>A guest's contact, for the driver of a <see cref="HostProtocol"/> to set up.</summary>
/// <param name="Version">The version and the features both sides have.</param>
/// <param name="InterruptPage">
/// The guest physical address of the interrupt page; 0 where there is none, and always from 5.0 on.
/// </param>
/// <param name="MonitorPages">The monitor pages in force; <see langword="null"/> where there are none.</param>
/// <param name="HasServerMonitorPages">Whether those pages are the host's own.</param>
/// <param name="Target">Where the host's messages go; VP 0 before 3.0.</param>
/// <param name="ClientId">Which client it is; all zeros where it does not say.</param>
internal sealed record HostConnectRequest(
    NegotiatedVersion Version, ulong InterruptPage, MonitorPageAddresses? MonitorPages, bool HasServerMonitorPages, MessageTarget Target, Guid ClientId);
