// The classes of devices a host offers channels for. Mirrors HV_*_GUID and the device table vmbus_devs
// (Linux include/linux/hyperv.h, drivers/hv/channel_mgmt.c). The one table of them: discovery and traces both name by it.

using System.Buffers.Binary;
using System.Collections.Frozen;

namespace VmBus.Layout;

/// <summary>A class of devices, identified by <see cref="ChannelOffer.InterfaceType"/>. Thread-safe.</summary>
/// <param name="Id">The interface type.</param>
/// <param name="Name">A short name without blanks, such as <c>scsi</c>.</param>
/// <param name="Description">A short description of the device.</param>
/// <param name="LinuxName">The name of the constant in Linux.</param>
public sealed record DeviceClass(Guid Id, string Name, string Description, string LinuxName)
{
    /// <summary><c>HV_NIC_GUID</c>.</summary>
    public static DeviceClass Network { get; } = new(new("f8615163-df3e-46c5-913f-f2d2f965ed0e"), "network", "network adapter", "HV_NIC_GUID");

    /// <summary><c>HV_SCSI_GUID</c>.</summary>
    public static DeviceClass Scsi { get; } = new(new("ba6163d9-04a1-4d29-b605-72e2ffb1dc7f"), "scsi", "SCSI controller", "HV_SCSI_GUID");

    /// <summary><c>HV_IDE_GUID</c>.</summary>
    public static DeviceClass Ide { get; } = new(new("32412632-86cb-44a2-9b5c-50d1417354f5"), "ide", "accelerated IDE disk", "HV_IDE_GUID");

    /// <summary><c>HV_SYNTHFC_GUID</c>.</summary>
    public static DeviceClass FibreChannel { get; } = new(new("2f9bcc4a-0069-4af3-b76b-6fd0be528cda"), "fibre-channel", "Fibre Channel adapter", "HV_SYNTHFC_GUID");

    /// <summary><c>HV_ND_GUID</c>.</summary>
    public static DeviceClass NetworkDirect { get; } = new(new("8c2eaf3d-32a7-4b09-ab99-bd1f1c86b501"), "network-direct", "RDMA network adapter", "HV_ND_GUID");

    /// <summary><c>HV_PCIE_GUID</c>.</summary>
    public static DeviceClass PciPassThrough { get; } = new(new("44c4f61d-4444-4400-9d52-802e27ede19f"), "pci", "PCI Express pass-through", "HV_PCIE_GUID");

    /// <summary><c>HV_SHUTDOWN_GUID</c>.</summary>
    public static DeviceClass Shutdown { get; } = new(new("0e0b6031-5213-4934-818b-38d90ced39db"), "shutdown", "guest shutdown", "HV_SHUTDOWN_GUID");

    /// <summary><c>HV_TS_GUID</c>.</summary>
    public static DeviceClass TimeSync { get; } = new(new("9527e630-d0ae-497b-adce-e80ab0175caf"), "timesync", "time synchronisation", "HV_TS_GUID");

    /// <summary><c>HV_HEART_BEAT_GUID</c>.</summary>
    public static DeviceClass Heartbeat { get; } = new(new("57164f39-9115-4e78-ab55-382f3bd5422d"), "heartbeat", "heartbeat", "HV_HEART_BEAT_GUID");

    /// <summary><c>HV_KVP_GUID</c>.</summary>
    public static DeviceClass KeyValuePairs { get; } = new(new("a9a0f4e7-5a45-4d96-b827-8a841e8c03e6"), "kvp", "key-value pair exchange", "HV_KVP_GUID");

    /// <summary><c>HV_VSS_GUID</c>.</summary>
    public static DeviceClass Backup { get; } = new(new("35fa2e29-ea23-4236-96ae-3a6ebacba440"), "vss", "backup by volume snapshot", "HV_VSS_GUID");

    /// <summary><c>HV_FCOPY_GUID</c>.</summary>
    public static DeviceClass FileCopy { get; } = new(new("34d14be3-dee4-41c8-9ae7-6b174977c192"), "fcopy", "guest file copy", "HV_FCOPY_GUID");

    /// <summary><c>HV_DM_GUID</c>.</summary>
    public static DeviceClass DynamicMemory { get; } = new(new("525074dc-8985-46e2-8057-a307dc18a502"), "balloon", "dynamic memory", "HV_DM_GUID");

    /// <summary><c>HV_MOUSE_GUID</c>.</summary>
    public static DeviceClass Mouse { get; } = new(new("cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a"), "mouse", "mouse", "HV_MOUSE_GUID");

    /// <summary><c>HV_KBD_GUID</c>.</summary>
    public static DeviceClass Keyboard { get; } = new(new("f912ad6d-2b17-48ea-bd65-f927a61c7684"), "keyboard", "keyboard", "HV_KBD_GUID");

    /// <summary><c>HV_SYNTHVID_GUID</c>.</summary>
    public static DeviceClass Video { get; } = new(new("da0a7802-e377-4aac-8e77-0558eb1073f8"), "video", "video adapter", "HV_SYNTHVID_GUID");

    /// <summary><c>HV_RDV_GUID</c>; Linux has no driver.</summary>
    public static DeviceClass RemoteDesktop { get; } = new(new("276aacf4-ac15-426c-98dd-7521ad3f01fe"), "rdv", "remote desktop", "HV_RDV_GUID");

    /// <summary><c>HV_AVMA1_GUID</c>; Linux has no driver.</summary>
    public static DeviceClass Activation { get; } = new(new("f8e65716-3cb3-4a06-9a60-1889c5cccab5"), "avma1", "guest activation", "HV_AVMA1_GUID");

    /// <summary><c>HV_AVMA2_GUID</c>; Linux has no driver.</summary>
    public static DeviceClass InheritedActivation { get; } = new(new("3375baf4-9e15-4b30-b765-67acb10d607b"), "avma2", "inherited guest activation", "HV_AVMA2_GUID");

    /// <summary><c>HV_IMC_GUID</c>; Linux has no driver.</summary>
    public static DeviceClass MachineConfiguration { get; } = new(new("c376c1c3-d276-48d2-90a9-c04748072c60"), "imc", "initial machine configuration", "HV_IMC_GUID");

    /// <summary>All known classes.</summary>
    public static IReadOnlyList<DeviceClass> Known { get; } =
    [
        Network, Scsi, Ide, FibreChannel, NetworkDirect, PciPassThrough,
        Shutdown, TimeSync, Heartbeat, KeyValuePairs, Backup, FileCopy, DynamicMemory,
        Mouse, Keyboard, Video, RemoteDesktop, Activation, InheritedActivation, MachineConfiguration,
    ];

    // Below the list: they are made in the order in which they stand.
    private static FrozenDictionary<Guid, DeviceClass> ById { get; } = Known.ToFrozenDictionary(one => one.Id);

    private static Guid SocketServices { get; } = new("00000000-facb-11e6-bd58-64006a7986d3");

    /// <summary>Finds the class of an interface type.</summary>
    /// <param name="interfaceType">The interface type of an offer.</param>
    /// <returns>The class; <see langword="null"/> if it is not known.</returns>
    public static DeviceClass? Find(Guid interfaceType) => ById.GetValueOrDefault(interfaceType);

    /// <summary>
    /// Gets the port of a Linux socket service: services of the form <c>pppppppp-facb-11e6-bd58-64006a7986d3</c> are ports of
    /// AF_VSOCK (Linux net/vmw_vsock/hyperv_transport.c).
    /// </summary>
    /// <param name="service">The service, or the interface type of a socket channel.</param>
    /// <param name="port">The port, 0 to 0x7FFFFFFF.</param>
    /// <returns>Whether the service has that form.</returns>
    public static bool TryGetSocketPort(Guid service, out uint port)
    {
        Span<byte> bytes = stackalloc byte[16];
        service.TryWriteBytes(bytes);
        port = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        bytes[..sizeof(uint)].Clear();
        return port <= int.MaxValue && new Guid(bytes) == SocketServices;
    }
}
