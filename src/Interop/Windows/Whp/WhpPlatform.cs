// The platform as a whole: whether it is there, and what it can do. Mirrors WHvGetCapability.

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>Asks the Windows Hypervisor Platform what it can do. Thread-safe.</summary>
internal static unsafe class WhpPlatform
{
    // FACILITY_HYPERVISOR, in results with and without the bits that say "error" and "of NT".
    private const int HypervisorFacility = 0x0035_0000;
    private const int FacilityMask = 0x3FFF_0000;

    /// <summary>Whether <c>WinHvPlatform.dll</c> is there: the Windows feature is turned on.</summary>
    [SupportedOSPlatform("windows")]
    public static bool IsInstalled
    {
        get
        {
            try
            {
                return GetCapability<int>(WhpCapability.HypervisorPresent) is not null;
            }
            catch (DllNotFoundException)
            {
                return false;
            }
        }
    }

    /// <summary>Asks for one capability.</summary>
    /// <typeparam name="T">As the capability says: a <c>BOOL</c> is an <see cref="int"/>.</typeparam>
    /// <param name="capability">Which.</param>
    /// <returns>What it says; <see langword="null"/> when this build of Windows does not know it.</returns>
    /// <exception cref="DllNotFoundException">The platform is not installed.</exception>
    /// <exception cref="WhpException">The platform refused.</exception>
    [SupportedOSPlatform("windows")]
    public static T? GetCapability<T>(WhpCapability capability) where T : unmanaged
    {
        T value = default;
        int result = WhpNative.GetCapability(capability, &value, (uint)sizeof(T), out _);
        if (result == (int)WhpResult.UnknownCapability)
            return null;
        WhpException.ThrowIfFailed(result, $"WHvGetCapability of {capability}");
        return value;
    }

    /// <summary>The hypervisor's own status in a result.</summary>
    /// <returns>The status, see <c>HypercallStatus</c>; <see langword="null"/> when the result is not the hypervisor's.</returns>
    public static ushort? HypervisorStatus(WhpResult result) =>
        ((int)result & FacilityMask) == HypervisorFacility ? (ushort)result : null;
}
