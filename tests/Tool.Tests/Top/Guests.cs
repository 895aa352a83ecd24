using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Tool.Tests.Top;

/// <summary>Devices as a kernel that tells everything shows them.</summary>
internal static class Guests
{
    private const uint RingBytes = 126_976;

    public static SysfsDevice Network(uint relid = 14, params SysfsChannel[] subchannels) => new()
    {
        Name = "ed963694-e847-4b2a-85af-bc9cfc11d6f3",
        Path = "/nowhere",
        InstanceId = new("ed963694-e847-4b2a-85af-bc9cfc11d6f3"),
        ClassId = DeviceClass.Network.Id,
        Relid = relid,
        Driver = "hv_netvsc",
        MonitorId = 41,
        Outgoing = new SysfsRing(0, 0, 64, RingBytes / 4, RingBytes / 4 * 3),
        Incoming = new SysfsRing(0, 0, 0, 0, RingBytes),
        Channels = [Channel(relid) with { SubchannelIndex = 0, VpIndex = 0, MonitorId = 41, Pending = 1 << 9, Latency = TimeSpan.FromMicroseconds(100) }, .. subchannels],
    };

    public static SysfsDevice Shutdown => new()
    {
        Name = "b6650ff7-33bc-4840-8048-e0676786f393",
        Path = "/nowhere",
        InstanceId = new("b6650ff7-33bc-4840-8048-e0676786f393"),
        ClassId = DeviceClass.Shutdown.Id,
        Relid = 2,
        Driver = "hv_utils",
        Channels = [new SysfsChannel { Relid = 2, Path = "/nowhere", VpIndex = 0, Interrupts = 7, Events = 3 }],
    };

    public static SysfsChannel Channel(uint relid, ulong interrupts = 1000) => new()
    {
        Relid = relid,
        Path = "/nowhere",
        Interrupts = interrupts,
        Events = 0,
        InterruptsInFull = 1,
        InterruptsOutEmpty = 500,
        OutgoingFullFirst = 2,
        OutgoingFullTotal = 20,
    };

    /// <summary>The network adapter with other counters on its primary channel.</summary>
    public static SysfsDevice With(this SysfsDevice device, Func<SysfsChannel, SysfsChannel> change) =>
        device with { Channels = [change(device.Channels[0]), .. device.Channels.Skip(1)] };

    public static TopReading Reading(double seconds, params SysfsDevice[] devices) =>
        new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), TimeSpan.FromSeconds(seconds), devices);
}
