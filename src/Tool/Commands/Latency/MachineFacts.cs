using System.Runtime.InteropServices;

namespace VmBus.Tool;

/// <summary>What machine a run was made on.</summary>
/// <param name="Cores">Logical processors this process may use.</param>
/// <param name="OperatingSystem">The system's own name and version.</param>
/// <param name="Architecture">The process architecture, as <c>x64</c>.</param>
/// <param name="Runtime">The .NET runtime and its version.</param>
internal sealed record MachineFacts(int Cores, string OperatingSystem, string Architecture, string Runtime)
{
    /// <summary>Asks this machine.</summary>
    public static MachineFacts Read() => new(
        Environment.ProcessorCount,
        RuntimeInformation.OSDescription,
        RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported
            ? RuntimeInformation.FrameworkDescription
            : $"{RuntimeInformation.FrameworkDescription} NativeAOT");
}
