// How an integration component's request ended. Mirrors HV_S_* and HV_E_* (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>An <c>HRESULT</c> of an answer: <c>status</c> of <c>IcMessageHeader</c>. Other values can occur too.</summary>
public enum IcStatus : uint
{
    /// <summary><c>HV_S_OK</c>: done.</summary>
    Success = 0,

    /// <summary><c>HV_E_FAIL</c>: failed, or not understood.</summary>
    Fail = 0x8000_4005,

    /// <summary><c>HV_S_CONT</c>: an enumeration has no more.</summary>
    NoMoreItems = 0x8007_0103,

    /// <summary><c>HV_ERROR_NOT_SUPPORTED</c>.</summary>
    NotSupported = 0x8007_0032,

    /// <summary><c>HV_ERROR_MACHINE_LOCKED</c>.</summary>
    MachineLocked = 0x8007_04F7,

    /// <summary><c>HV_ERROR_DEVICE_NOT_CONNECTED</c>.</summary>
    DeviceNotConnected = 0x8007_048F,

    /// <summary><c>HV_INVALIDARG</c>: a field is out of its range.</summary>
    InvalidArgument = 0x8007_0057,

    /// <summary><c>HV_GUID_NOTFOUND</c>: there is no such key or adapter.</summary>
    NotFound = 0x8004_1002,

    /// <summary><c>HV_ERROR_ALREADY_EXISTS</c>.</summary>
    AlreadyExists = 0x8007_0050,

    /// <summary><c>HV_ERROR_DISK_FULL</c>: no room to store it.</summary>
    DiskFull = 0x8007_0070,
}
