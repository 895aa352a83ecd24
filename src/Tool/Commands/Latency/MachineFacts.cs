using System.Globalization;
using System.Runtime.InteropServices;

namespace VmBus.Tool;

/// <summary>What machine a run was made on.</summary>
/// <param name="Cores">Logical processors this process may use.</param>
/// <param name="OperatingSystem">The system's own name and version.</param>
/// <param name="Architecture">The process architecture, as <c>x64</c>.</param>
/// <param name="Runtime">The .NET runtime and its version.</param>
internal sealed record MachineFacts(int Cores, string OperatingSystem, string Architecture, string Runtime)
{
    /// <summary>The load average of the last minute; <see langword="null"/> where the system tells none.</summary>
    public static double? ReadLoadAverage()
    {
        const string File = "/proc/loadavg";
        try
        {
            return System.IO.File.Exists(File) && double.TryParse(System.IO.File.ReadAllText(File).Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double load)
                ? load : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;    // a container that hides it
        }
    }

    /// <summary>Asks this machine.</summary>
    public static MachineFacts Read() => new(
        Environment.ProcessorCount,
        RuntimeInformation.OSDescription,
        RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported
            ? RuntimeInformation.FrameworkDescription
            : $"{RuntimeInformation.FrameworkDescription} NativeAOT");
}
