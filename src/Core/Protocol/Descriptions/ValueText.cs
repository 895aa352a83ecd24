// Values of fields as text: identifiers by name, flags by their bits, addresses and bytes in hex.

using System.Globalization;
using System.Text;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>Values of fields as text.</summary>
internal static class ValueText
{
    private const int DumpGroup = 8;

    /// <summary>A class of devices: its name, the port of a socket service, or null for neither.</summary>
    public static string? NameOf(Guid id) =>
        DeviceClass.Find(id) is { } known ? known.Name
        : DeviceClass.TryGetSocketPort(id, out uint port) ? $"vsock port {port}"
        : null;

    /// <summary>An identifier, with its name where it has one.</summary>
    public static string Id(Guid id) => NameOf(id) is { } name ? $"{id} ({name})" : id.ToString();

    /// <summary>A guest physical address; none for 0.</summary>
    public static string Address(ulong address) => address == 0 ? "none" : $"0x{address:X}";

    /// <summary>A time in units of 100 ns.</summary>
    public static string Latency(ulong units) => string.Create(CultureInfo.InvariantCulture, $"{units} x 100 ns{(units == 0 ? "" : $" ({units / 10.0:0.#} us)")}");

    public static string Version(ProtocolVersion version) =>
        ProtocolVersion.Known.Contains(version) ? version.ToString() : $"{version} (unknown)";

    public static string Status(ChannelMessageStatus status) => status switch
    {
        ChannelMessageStatus.Success => "success",
        ChannelMessageStatus.Unsuccessful => "unsuccessful",
        ChannelMessageStatus.ConnectionRefused => "connection refused",
        _ => $"0x{(uint)status:X8}",
    };

    public static string State(ConnectionState state) => state switch
    {
        ConnectionState.Successful => "successful",
        ConnectionState.FailedLowResources => "failed: low resources",
        ConnectionState.FailedUnknown => "failed: no reason given",
        _ => $"unknown state {(byte)state}",
    };

    /// <summary>The names of the bits that are set, and the others in hex.</summary>
    public static string Flags<T>(ulong value) where T : struct, Enum
    {
        if (value == 0)
            return "none";
        List<string> names = [];
        foreach (T flag in Enum.GetValues<T>())
        {
            ulong bit = Convert.ToUInt64(flag, null);
            if (bit == 0 || (value & bit) != bit)
                continue;
            names.Add(flag.ToString());
            value &= ~bit;
        }

        if (value != 0)
            names.Add($"0x{value:X}");
        return string.Join(" | ", names);
    }

    /// <summary>The pages of a list, those that lie one behind the other together, as guest physical addresses.</summary>
    public static string Pages(IReadOnlyList<ulong> frames)
    {
        const ulong PageSize = 4096, LastFrame = ulong.MaxValue / PageSize;
        var text = new StringBuilder();
        for (int first = 0, next; first < frames.Count; first = next)
        {
            for (next = first + 1; next < frames.Count && frames[next] == frames[next - 1] + 1 && frames[next] <= LastFrame;)
                next++;
            if (first > 0)
                text.Append(", ");
            if (frames[first] > LastFrame)
                text.Append($"page number 0x{frames[first]:X} beyond any address");
            else if (next == first + 1)
                text.Append($"0x{frames[first] * PageSize:X}");
            else
                text.Append($"0x{frames[first] * PageSize:X}-0x{frames[next - 1] * PageSize + (PageSize - 1):X}");
        }

        return text.ToString();
    }

    /// <summary>Bytes in hex, in groups of eight; zeros at the end are counted instead.</summary>
    public static string Dump(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> head = bytes.TrimEnd((byte)0);
        if (head.IsEmpty)
            return $"{bytes.Length} zero bytes";
        var text = new StringBuilder();
        for (int at = 0; at < head.Length; at += DumpGroup)
            text.Append(at == 0 ? "" : " ").Append(Convert.ToHexStringLower(head.Slice(at, Math.Min(DumpGroup, head.Length - at))));
        if (head.Length < bytes.Length)
            text.Append($", then {bytes.Length - head.Length} zero bytes");
        return text.ToString();
    }
}
