// What a guest tells its host of itself. Mirrors KVP_POOL_AUTO of hv_kvp_daemon (Linux tools/hv/hv_kvp_daemon.c: enum
// key_index, kvp_get_os_info).

using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Integration;

namespace VmBus.Linux;

/// <summary>The names that hosts know, and their values here.</summary>
[SupportedOSPlatform("linux")]
internal static class KvpGuestPairs
{
    private const string Release = "/proc/sys/kernel/osrelease";
    private const string Distribution = "/etc/os-release";

    /// <summary>
    /// Looks up name, addresses, distribution, kernel and architecture. What cannot be found out is empty. The version of
    /// the integration services is not among them: it is the driver's, see <see cref="KvpDaemon.DriverVersion"/>.
    /// </summary>
    public static IReadOnlyList<(string Key, string Value)> Read()
    {
        string release = TextOf(Release).Trim();
        string[] distribution = TextOf(Distribution).Split('\n');
        string version = release.Split('-')[0];
        return
        [
            ("FullyQualifiedDomainName", Fitting(Environment.MachineName)),
            ("NetworkAddressIPv4", Addresses(AddressFamily.InterNetwork)),
            ("NetworkAddressIPv6", Addresses(AddressFamily.InterNetworkV6)),
            ("OSBuildNumber", Fitting(release)),
            ("OSName", Fitting(Of(distribution, "NAME"))),
            ("OSMajorVersion", Fitting(Of(distribution, "VERSION_ID"))),
            ("OSMinorVersion", ""),
            ("OSVersion", Fitting(version)),
            ("ProcessorArchitecture", RuntimeInformation.OSArchitecture switch
            {
                Architecture.X64 => "x86_64",
                Architecture.Arm64 => "aarch64",
                Architecture other => other.ToString(),
            }),
        ];
    }

    /// <summary>A value of os-release, without its quotes; backslashes stand before what is meant as it is.</summary>
    internal static string Of(IEnumerable<string> lines, string name)
    {
        string line = lines.FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal)) ?? "";
        ReadOnlySpan<char> text = line.AsSpan(Math.Min(line.Length, name.Length + 1)).Trim();
        if (text.Length >= 2 && text[0] is '"' or '\'' && text[^1] == text[0])
            text = text[1..^1];
        System.Text.StringBuilder value = new();
        for (int i = 0; i < text.Length; i++)
            value.Append(text[i] == '\\' && i + 1 < text.Length ? text[++i] : text[i]);
        return value.ToString();
    }

    private static string Addresses(AddressFamily family) => Fitting(string.Join(';',
        from adapter in NetworkInterface.GetAllNetworkInterfaces()
        where adapter.NetworkInterfaceType != NetworkInterfaceType.Loopback && adapter.OperationalStatus == OperationalStatus.Up
        from address in adapter.GetIPProperties().UnicastAddresses
        where address.Address.AddressFamily == family
        select address.Address.ToString()));

    private static string Fitting(string text) => text.Length <= KvpValue.MaxTextLength ? text : text[..KvpValue.MaxTextLength];

    private static string TextOf(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";  // a container without it: the value is empty, as documented
        }
    }
}
