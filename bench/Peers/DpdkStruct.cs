// Where DPDK 22.11 keeps what its channel functions read, on x86-64. Mirrors struct vmbus_channel and struct vmbus_br
// (drivers/bus/vmbus/private.h) and struct rte_vmbus_device (drivers/bus/vmbus/bus_vmbus_driver.h), v22.11.11; every
// offset was seen in the code of Debian's build as well.

namespace VmBus.Peers;

/// <summary>Offsets into the two structs that DPDK's functions are given.</summary>
internal static class DpdkStruct
{
    // struct vmbus_channel
    internal const int ChannelSize = 0x50;
    internal const int ChannelSubchannelFirst = 0x00;  // STAILQ head: first, then the address of the last link
    internal const int ChannelSubchannelLast = 0x08;
    internal const int ChannelDevice = 0x18;
    internal const int ChannelReceive = 0x20;          // rxbr
    internal const int ChannelSend = 0x30;             // txbr
    internal const int ChannelRelid = 0x40;            // u16
    internal const int ChannelSubchannelId = 0x42;     // u16
    internal const int ChannelMonitorId = 0x44;        // u8
    internal const int ChannelMonitorPage = 0x48;

    // struct vmbus_br
    internal const int BufferRingMemory = 0x0;         // vbr: the control page, the data one page behind it
    internal const int BufferRingDataSize = 0x8;       // u32
    internal const int BufferRingWriteIndex = 0xC;     // u32: where the next send reserves

    // struct rte_vmbus_device: list links, driver, struct rte_device (64 bytes), two UUIDs, and then
    internal const int DeviceSize = 0x120;
    internal const int DeviceNumaNode = 0x48;          // i32, inside rte_device
    internal const int DeviceRelid = 0x78;             // u32
    internal const int DeviceMonitorId = 0x7C;         // u8
    internal const int DeviceUioNumber = 0x80;         // i32
    internal const int DevicePrimaryChannel = 0x90;
    internal const int DeviceMonitorPage = 0x98;
}
