// One device as it was asked for on the command line: NAME[=ARGUMENT][,monitor=LATENCY][,subchannel=N][,readonly][,mac=ADDRESS][,mtu=N].

using System.Globalization;
using System.Net.NetworkInformation;
using VmBus.Devices;

namespace VmBus.Tool;

/// <summary>A device to offer.</summary>
/// <param name="Name">Which: <c>echo</c>, <c>heartbeat</c>, ...</param>
/// <param name="Argument">What it takes, if anything.</param>
/// <param name="MonitorLatency">The latency of its monitor; <see langword="null"/> for none.</param>
/// <param name="Subchannel">0, or which subchannel of the device is offered.</param>
/// <param name="IsReadOnly">Whether the guest may only read it.</param>
internal sealed record DeviceOffer(string Name, string? Argument, TimeSpan? MonitorLatency, ushort Subchannel = 0, bool IsReadOnly = false)
{
    /// <summary>What it is called.</summary>
    public string Title => Name switch
    {
        Echo => Name + Argument + (Subchannel == 0 ? "" : $".{Subchannel}"),
        Pipe or Vsock or Disk or Net or Tap => $"{Name}={Argument}",
        _ => Name,
    };

    /// <summary>Whether it is the guest's sockets: no channel of its own, but one for each connection.</summary>
    public bool IsSockets => Name == Vsock;

    /// <summary>Of a network adapter: whether its frames go to an interface of this system, not to a socket.</summary>
    public bool IsTap => Name == Tap;

    /// <summary>Of a network adapter: its address, if it was asked for.</summary>
    public PhysicalAddress? Address { get; private init; }

    /// <summary>Of a network adapter: the largest MTU, if it was asked for.</summary>
    public int? Mtu { get; private init; }

    /// <summary>The MTU of a network adapter, unless another was asked for.</summary>
    public const int DefaultMtu = 1500;

    /// <summary>The devices there are.</summary>
    public static readonly IReadOnlyList<string> Names = [Echo, "heartbeat", "timesync", "shutdown", "kvp", "vss", FileCopy, Pipe, Vsock, Disk, Net, Tap];

    private const string Pipe = "pipe";
    private const string Vsock = "vsock";
    private const string Disk = "disk";
    private const string Net = "net";
    private const string Tap = "tap";
    private const string ReadOnly = "readonly";
    private const string Mac = "mac=";
    private const string MtuIs = "mtu=";
    private const string Echo = "echo";
    private const string FileCopy = "fcopy";
    private const string Monitor = "monitor=";
    private const string Sub = "subchannel=";
    private static readonly TimeSpan LeastLatency = TimeSpan.FromTicks(1);
    private static readonly TimeSpan MostLatency = TimeSpan.FromTicks(ushort.MaxValue);

    /// <summary>Reads one.</summary>
    /// <exception cref="UsageException">There is no such device, or it takes no such thing.</exception>
    public static DeviceOffer Parse(string text)
    {
        string[] parts = text.Split(',');
        string[] head = parts[0].Split('=', 2);
        if (!Names.Contains(head[0]))
            throw new UsageException($"--device {text}: no such device; there are {string.Join(", ", Names)}");
        if (head[0] is Pipe or Vsock or Disk or Net or Tap && (head.Length == 1 || head[1].Length == 0 || head[1].Any(char.IsWhiteSpace)))
        {
            string takes = head[0] switch
            {
                Disk => "the file of its image, without blanks and commas: disk=FILE",
                Tap => "the name of an interface: tap=NAME",
                _ => $"a path without blanks and commas: {head[0]}=PATH",
            };
            throw new UsageException($"--device {text}: a {head[0]} takes {takes}");
        }
        if (head.Length > 1 && head[0] is not (Echo or FileCopy or Pipe or Vsock or Disk or Net or Tap))
            throw new UsageException($"--device {text}: {head[0]} takes no argument; echo=N, fcopy=FILE, pipe=PATH, vsock=PATH, disk=FILE, net=PATH and tap=NAME do");
        if (head[0] == Tap && head[1].Length > 15)
            throw new UsageException($"--device {text}: the name of an interface has at most 15 characters");
        TimeSpan? latency = null;
        ushort subchannel = 0;
        bool isReadOnly = false;
        PhysicalAddress? address = null;
        int? mtu = null;
        foreach (string part in parts.Skip(1))
        {
            if (part.StartsWith(Monitor, StringComparison.Ordinal))
                latency = Quantity.Duration("--device monitor", part[Monitor.Length..], LeastLatency, MostLatency);
            else if (head[0] == Disk && part == ReadOnly)
                isReadOnly = true;
            else if (head[0] is Net or Tap && part.StartsWith(Mac, StringComparison.Ordinal))
                address = ParseAddress(text, part[Mac.Length..]);
            else if (head[0] is Net or Tap && part.StartsWith(MtuIs, StringComparison.Ordinal))
                mtu = ParseMtu(text, part[MtuIs.Length..]);
            else if (head[0] != Echo || !part.StartsWith(Sub, StringComparison.Ordinal))
                throw new UsageException($"--device {text}: '{part}' is unknown; known are {Options(head[0])}");
            else if (!ushort.TryParse(part[Sub.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out subchannel) || subchannel == 0)
                throw new UsageException($"--device {text}: a subchannel is a number from 1 to {ushort.MaxValue}");
        }
        return new DeviceOffer(head[0], head.Length > 1 ? head[1] : null, latency, subchannel, isReadOnly) { Address = address, Mtu = mtu };
    }

    private static PhysicalAddress ParseAddress(string text, string value)
    {
        if (PhysicalAddress.TryParse(value, out PhysicalAddress? address) && EthernetFrame.IsAdapter(address.GetAddressBytes()))
            return address;
        throw new UsageException($"--device {text}: '{value}' is not an adapter's address; one looks like 00:15:5d:01:02:03");
    }

    private static int ParseMtu(string text, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu) && mtu is >= NetworkAdapterOptions.LeastMtu and <= NetworkAdapterOptions.MostMtu
            ? mtu
            : throw new UsageException($"--device {text}: an MTU is a number from {NetworkAdapterOptions.LeastMtu} to {NetworkAdapterOptions.MostMtu}");

    private static string Options(string name) => name switch
    {
        Echo => "monitor=LATENCY, subchannel=N",
        Pipe or FileCopy or Vsock => "monitor=LATENCY, and a path has no commas",
        Disk => "monitor=LATENCY, readonly, and a path has no commas",
        Net or Tap => "mac=ADDRESS, mtu=N, monitor=LATENCY, and a path has no commas",
        _ => "monitor=LATENCY",
    };
}
