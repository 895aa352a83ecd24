// A call of the platform that failed: what it was asked to do, and its HRESULT by name.

using System.Globalization;

namespace VmBus.Interop;

/// <summary>
/// A call of the platform failed. The message names the call, what it was asked for, and the result:
/// <c>WHvCreateVirtualProcessor of VP 3 failed: InvalidPartition (0x80370304)</c>.
/// </summary>
internal sealed class WhpException : Exception
{
    /// <summary>Makes the error of one call.</summary>
    /// <param name="call">The call and what it was asked for, as the beginning of a sentence.</param>
    /// <param name="result">What it answered.</param>
    public WhpException(string call, WhpResult result)
        : base(string.Create(CultureInfo.InvariantCulture, $"{call} failed: {Describe(result)} (0x{(uint)result:x8})"))
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
