// Which channel is which component. Mirrors HV_SHUTDOWN_GUID and its like (Linux include/linux/hyperv.h); the instances are
// those that Hyper-V gives its guests, as OpenVMM's hyperv_ic_protocol has them.

using VmBus.Layout;

namespace VmBus.Integration;

/// <summary>The interface and instance ids by which integration components are offered.</summary>
internal static class IntegrationComponentIds
{
    /// <summary><c>HV_HEART_BEAT_GUID</c>.</summary>
    public static Guid HeartbeatInterface => DeviceClass.Heartbeat.Id;

    /// <summary>The one instance of the heartbeat.</summary>
    public static Guid HeartbeatInstance { get; } = new("fd149e91-82e0-4a7d-afa6-2a4166cbd7c0");

    /// <summary><c>HV_TS_GUID</c>.</summary>
    public static Guid TimeSyncInterface => DeviceClass.TimeSync.Id;

    /// <summary>The one instance of time synchronisation.</summary>
    public static Guid TimeSyncInstance { get; } = new("2dd1ce17-079e-403c-b352-a1921ee207ee");

    /// <summary><c>HV_SHUTDOWN_GUID</c>.</summary>
    public static Guid ShutdownInterface => DeviceClass.Shutdown.Id;

    /// <summary>The one instance of shutdown.</summary>
    public static Guid ShutdownInstance { get; } = new("b6650ff7-33bc-4840-8048-e0676786f393");

    /// <summary><c>HV_KVP_GUID</c>.</summary>
    public static Guid KvpInterface => DeviceClass.KeyValuePairs.Id;

    /// <summary>The one instance of key-value pairs.</summary>
    public static Guid KvpInstance { get; } = new("242ff919-07db-4180-9c2e-b86cb68c8c55");

    /// <summary><c>HV_FCOPY_GUID</c>.</summary>
    public static Guid FileCopyInterface => DeviceClass.FileCopy.Id;

    /// <summary>The one instance of file copies, as Linux tools/hv/hv_fcopy_uio_daemon.c looks for it.</summary>
    public static Guid FileCopyInstance { get; } = new("eb765408-105f-49b6-b4aa-c123b64d17d4");

    /// <summary><c>HV_VSS_GUID</c>.</summary>
    public static Guid VssInterface => DeviceClass.Backup.Id;

    /// <summary>The one instance of snapshots.</summary>
    public static Guid VssInstance { get; } = new("2450ee40-33bf-4fbd-892e-9fb06e9214cf");
}
