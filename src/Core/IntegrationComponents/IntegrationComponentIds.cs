// Which channel is which component. Mirrors HV_SHUTDOWN_GUID and its like (Linux include/linux/hyperv.h); the instances are
// those that Hyper-V gives its guests, as OpenVMM's hyperv_ic_protocol has them.

namespace VmBus.IntegrationComponents;

/// <summary>The interface and instance ids by which integration components are offered.</summary>
public static class IntegrationComponentIds
{
    /// <summary><c>HV_HEART_BEAT_GUID</c>.</summary>
    public static Guid HeartbeatInterface { get; } = new("57164f39-9115-4e78-ab55-382f3bd5422d");

    /// <summary>The one instance of the heartbeat.</summary>
    public static Guid HeartbeatInstance { get; } = new("fd149e91-82e0-4a7d-afa6-2a4166cbd7c0");

    /// <summary><c>HV_TS_GUID</c>.</summary>
    public static Guid TimeSyncInterface { get; } = new("9527e630-d0ae-497b-adce-e80ab0175caf");

    /// <summary>The one instance of time synchronisation.</summary>
    public static Guid TimeSyncInstance { get; } = new("2dd1ce17-079e-403c-b352-a1921ee207ee");

    /// <summary><c>HV_SHUTDOWN_GUID</c>.</summary>
    public static Guid ShutdownInterface { get; } = new("0e0b6031-5213-4934-818b-38d90ced39db");

    /// <summary>The one instance of shutdown.</summary>
    public static Guid ShutdownInstance { get; } = new("b6650ff7-33bc-4840-8048-e0676786f393");

    /// <summary><c>HV_KVP_GUID</c>.</summary>
    public static Guid KvpInterface { get; } = new("a9a0f4e7-5a45-4d96-b827-8a841e8c03e6");

    /// <summary>The one instance of key-value pairs.</summary>
    public static Guid KvpInstance { get; } = new("242ff919-07db-4180-9c2e-b86cb68c8c55");
}
