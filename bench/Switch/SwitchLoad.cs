namespace VmBus.Switch;

/// <summary>A load as it is shown.</summary>
/// <param name="Name">What the guest calls it.</param>
/// <param name="Title">In words.</param>
/// <param name="Request">What a request of it is.</param>
/// <param name="Device">What the name of its device begins with.</param>
/// <param name="IsCountedByGuest">Whether a request is what the guest counts; otherwise what the host does.</param>
internal sealed record SwitchLoad(string Name, string Title, string Request, string Device, bool IsCountedByGuest)
{
    /// <summary>One read at a time.</summary>
    public const string OneRead = "read-1";

    /// <summary>Many reads at a time.</summary>
    public const string ManyReads = "read-32";

    /// <summary>Questions and answers by TCP.</summary>
    public const string RoundTrip = "tcp-round-trip";

    /// <summary>A stream by TCP.</summary>
    public const string Stream = "tcp-stream";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SwitchLoad> All { get; } =
    [
        new(OneRead, "4 KiB reads, depth 1", "read", "disk=", false),
        new(ManyReads, "4 KiB reads, depth 32", "read", "disk=", false),
        new(RoundTrip, "TCP round trips of 64 bytes", "round trip", "tap=", true),
        new(Stream, "TCP stream to the host", "frame", "tap=", false),
    ];

    /// <summary>The load of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static SwitchLoad Of(string name) => All.FirstOrDefault(load => load.Name == name) ?? throw new FormatException($"'{name}' is no load.");
}
