// What a call answers. Mirrors the HRESULTs of winerror.h that the platform is known to give.

using System.ComponentModel;
using System.Globalization;

namespace VmBus.Interop;

/// <summary>
/// The result of a call: an <c>HRESULT</c>. Those of the hypervisor itself (facility 0x35) carry its status in the low 16 bits.
/// Numbers without a name here are kept as they are.
/// </summary>
internal enum WhpResult
{
    /// <summary><c>S_OK</c>.</summary>
    Success = 0,

    /// <summary><c>E_NOTIMPL</c>.</summary>
    NotImplemented = unchecked((int)0x80004001),

    /// <summary><c>E_ACCESSDENIED</c>.</summary>
    AccessDenied = unchecked((int)0x80070005),

    /// <summary><c>E_OUTOFMEMORY</c>.</summary>
    OutOfMemory = unchecked((int)0x8007000E),

    /// <summary><c>E_INVALIDARG</c>.</summary>
    InvalidArgument = unchecked((int)0x80070057),

    /// <summary><c>ERROR_PROC_NOT_FOUND</c>: this build of Windows has no such call.</summary>
    ProcedureNotFound = unchecked((int)0x8007007F),

    /// <summary><c>WHV_E_UNKNOWN_CAPABILITY</c>.</summary>
    UnknownCapability = unchecked((int)0x80370300),

    /// <summary><c>WHV_E_INSUFFICIENT_BUFFER</c>.</summary>
    InsufficientBuffer = unchecked((int)0x80370301),

    /// <summary><c>WHV_E_UNKNOWN_PROPERTY</c>.</summary>
    UnknownProperty = unchecked((int)0x80370302),

    /// <summary><c>WHV_E_UNSUPPORTED_HYPERVISOR_CONFIG</c>.</summary>
    UnsupportedHypervisor = unchecked((int)0x80370303),

    /// <summary><c>WHV_E_INVALID_PARTITION_CONFIG</c>.</summary>
    InvalidPartition = unchecked((int)0x80370304),

    /// <summary><c>WHV_E_GPA_RANGE_NOT_FOUND</c>.</summary>
    RangeNotFound = unchecked((int)0x80370305),

    /// <summary><c>WHV_E_VP_ALREADY_EXISTS</c>.</summary>
    VpExists = unchecked((int)0x80370306),

    /// <summary><c>WHV_E_VP_DOES_NOT_EXIST</c>.</summary>
    VpDoesNotExist = unchecked((int)0x80370307),

    /// <summary><c>WHV_E_INVALID_VP_STATE</c>.</summary>
    InvalidVpState = unchecked((int)0x80370308),

    /// <summary><c>WHV_E_INVALID_VP_REGISTER_NAME</c>.</summary>
    InvalidRegister = unchecked((int)0x80370309),

    /// <summary><c>HV_STATUS_INVALID_SYNIC_STATE</c>: the guest takes nothing there.</summary>
    InvalidSynicState = unchecked((int)0xC0350018),

    /// <summary><c>HV_STATUS_OBJECT_IN_USE</c>: of a message, the slot is full.</summary>
    ObjectInUse = unchecked((int)0xC0350019),
}

// A call of the platform that failed: what it was asked to do, and its HRESULT by name.
/// <summary>
/// A call of the platform failed. The message names the call, what it was asked for, and the result:
/// <c>WHvCreateVirtualProcessor of VP 3 failed: InvalidPartition (0x80370304)</c>. To users it is a <see cref="Win32Exception"/>, the
/// result in <see cref="Win32Exception.NativeErrorCode"/>.
/// </summary>
internal sealed class WhpException : Win32Exception
{
    /// <summary>Makes the error of one call.</summary>
    /// <param name="call">The call and what it was asked for, as the beginning of a sentence.</param>
    /// <param name="result">What it answered.</param>
    public WhpException(string call, WhpResult result)
        : base((int)result, string.Create(CultureInfo.InvariantCulture, $"{call} failed: {Describe(result)} (0x{(uint)result:x8})"))
    {
        Call = call;
        Result = result;
        HResult = (int)result;
    }

    /// <summary>The call and what it was asked for.</summary>
    public string Call { get; }

    /// <summary>What it answered.</summary>
    public WhpResult Result { get; }

    internal static void ThrowIfFailed(int result, string call)
    {
        if (result < 0)
            throw new WhpException(call, (WhpResult)result);
    }

    private static string Describe(WhpResult result) =>
        Enum.IsDefined(result) ? result.ToString()
        : WhpPlatform.HypervisorStatus(result) is { } status ? $"the hypervisor's status 0x{status:x}"
        : "a result without a name";
}
