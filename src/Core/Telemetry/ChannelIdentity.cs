// The name of a channel where it is seen from outside: in metrics and events.

namespace VmBus;

/// <summary>Which channel this is.</summary>
/// <param name="End">The end of this process: <see cref="Guest"/> or <see cref="Host"/>.</param>
/// <param name="DeviceClass">The class of its device by name; the GUID of a class that has none.</param>
/// <param name="Instance">The instance GUID of its device; empty for a channel without an offer.</param>
/// <param name="Relid">Its number.</param>
/// <param name="Subchannel">0 for a primary channel.</param>
internal sealed record ChannelIdentity(string End, string DeviceClass, string Instance, uint Relid, int Subchannel)
{
    public const string Guest = "guest";
    public const string Host = "host";

    private KeyValuePair<string, object?>[]? _tags;

    public ChannelIdentity(string end, Guid interfaceType, Guid interfaceInstance, uint relid, int subchannel)
        : this(end, NameOf(interfaceType), interfaceInstance.ToString(), relid, subchannel)
    {
    }

    /// <summary>The class where the field has a name for it. A peer cannot make more of these than there are.</summary>
    public string KnownClass => Guid.TryParse(DeviceClass, out _) ? "other" : DeviceClass;

    /// <summary>The attributes of each measurement of the channel.</summary>
    public KeyValuePair<string, object?>[] Tags => _tags ??=
    [
        new("vmbus.end", End),
        new("vmbus.device.class", DeviceClass),
        new("vmbus.device.instance", Instance),
        new("vmbus.channel.relid", (long)Relid),
        new("vmbus.channel.subchannel", (long)Subchannel),
    ];

    /// <summary>The attributes, and one more.</summary>
    public KeyValuePair<string, object?>[] TagsWith(string name, string value) => [.. Tags, new(name, value)];

    /// <summary>A class by name; the GUID of one that has none.</summary>
    public static string NameOf(Guid interfaceType) => Layout.DeviceClass.Find(interfaceType)?.Name ?? interfaceType.ToString();
}
