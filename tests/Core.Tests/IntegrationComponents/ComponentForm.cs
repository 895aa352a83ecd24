using VmBus.Integration;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>A form in which a host asks a component: the lengths of its body, and who sends it so.</summary>
/// <param name="Name">The request.</param>
/// <param name="Type">Its type.</param>
/// <param name="Shortest">The shortest body.</param>
/// <param name="Longest">The longest body.</param>
/// <param name="Senders">Who sends it so, and where that was read.</param>
/// <param name="Versions">The versions of the message in which it is sent.</param>
/// <param name="Guest">Makes the component, as far as it must be for the request; the versions are agreed on later.</param>
/// <param name="Body">Makes the body, of a length.</param>
/// <param name="Before">A body that must come first, if any.</param>
/// <param name="IsLeast">Whether the shortest body is the least that is taken.</param>
internal sealed record ComponentForm(
    string Name, IcMessageType Type, int Shortest, int Longest, string Senders, IReadOnlyList<IcVersion> Versions, Func<IntegrationGuest> Guest, Func<int, byte[]> Body,
    byte[]? Before = null, bool IsLeast = true)
{
    private const string HyperV = "Hyper-V, by Linux 4.4 to 7.x include/linux/hyperv.h";
    private const string Uapi = "Hyper-V, by Linux 4.4 to 7.x include/uapi/linux/hyperv.h";
    private const string Member = Uapi + ": the union, and the member of it alone";

    // Linux's limit: IC_VERSION_NEGOTIATION_MAX_VER_COUNT of each kind.
    private const int LongestOffer = 8 + 4 * (100 + 100);

    public static IReadOnlyList<ComponentForm> All { get; } =
    [
        Offer("heartbeat", IntegrationVersions.Heartbeat, () => new HeartbeatGuest()),
        Offer("time", IntegrationVersions.TimeSync, () => new TimeSyncGuest()),
        Offer("shutdown", IntegrationVersions.Shutdown, () => new ShutdownGuest(_ => { })),
        Offer("pairs", IntegrationVersions.Kvp, Pairs),
        Offer("file copy", IntegrationVersions.FileCopy, () => new FileCopyGuest(new FileShelf())),

        new("a beat", IcMessageType.Heartbeat, 16, 40, HyperV + " heartbeat_msg_data; OpenVMM hyperv_ic_protocol HeartbeatMessage (16)", IntegrationVersions.Heartbeat,
            () => new HeartbeatGuest(), length => new byte[length], IsLeast: false),
        new("a beat of the number alone", IcMessageType.Heartbeat, 8, 8, "Taken by Linux hv_util.c and FreeBSD VMBUS_ICMSG_HEARTBEAT_SIZE_MIN: \"the host may not fill it up\"", IntegrationVersions.Heartbeat,
            () => new HeartbeatGuest(), length => new byte[length]),
        new("the time", IcMessageType.TimeSync, 25, 28, HyperV + " ictimesync_data; FreeBSD vmbus_icmsg_timesync", [new(1, 0), new(3, 0)],
            () => new TimeSyncGuest(), length => Bytes(length, (24, 2))),
        new("the time with a reference", IcMessageType.TimeSync, 22, 24, HyperV + " ictimesync_ref_data; FreeBSD vmbus_icmsg_timesync4", [new(4, 0)],
            () => new TimeSyncGuest(), length => Bytes(length, (16, 2))),
        new("a shutdown", IcMessageType.Shutdown, 2060, 2060, HyperV + " shutdown_msg_data; OpenVMM hyperv_ic_protocol ShutdownMessage", IntegrationVersions.Shutdown,
            () => new ShutdownGuest(_ => { }), length => Bytes(length, (8, 1))),

        new("get", IcMessageType.KvpExchange, 2576, 2580, Member, IntegrationVersions.Kvp, Pairs, length => Pair(length, operation: 0)),
        new("set", IcMessageType.KvpExchange, 2576, 2580, Member, IntegrationVersions.Kvp, Pairs, length => Pair(length, operation: 1)),
        new("delete", IcMessageType.KvpExchange, 520, 2580, Member, IntegrationVersions.Kvp, Pairs, length => Bytes(length, (0, 2), (4, 4), (8, (byte)'a'))),
        new("enumerate", IcMessageType.KvpExchange, 2580, 2580, Uapi, IntegrationVersions.Kvp, Pairs, length => Bytes(length, (0, 3))),
        new("get addresses", IcMessageType.KvpExchange, 7428, 7428, Uapi + " hv_kvp_ip_msg", IntegrationVersions.Kvp, Pairs, length => Bytes(length, (0, 4))),
        new("set addresses", IcMessageType.KvpExchange, 7428, 7428, Uapi + " hv_kvp_ip_msg", IntegrationVersions.Kvp, Pairs, length => Bytes(length, (0, 5))),

        new("the start of a file", IcMessageType.FileCopy, 1088, 1088, Uapi + " hv_start_fcopy", IntegrationVersions.FileCopy, () => new FileCopyGuest(new FileShelf()), length => Start(length, size: 200)),
        new("a piece of a file", IcMessageType.FileCopy, 52 + 100, 52 + 6144, Uapi + " hv_do_fcopy: whole, and cut behind its data", IntegrationVersions.FileCopy, () => new FileCopyGuest(new FileShelf()),
            length => Bytes(length, (0, 1), (48, 100)), Before: Start(1088, size: 200)),
        new("the end of a file", IcMessageType.FileCopy, 36, 36, Uapi + " hv_fcopy_hdr", IntegrationVersions.FileCopy, () => new FileCopyGuest(new FileShelf()),
            length => Bytes(length, (0, 2)), Before: Start(1088, size: 0), IsLeast: false),
        new("a file given up", IcMessageType.FileCopy, 36, 36, Uapi + " hv_fcopy_hdr", IntegrationVersions.FileCopy, () => new FileCopyGuest(new FileShelf()),
            length => Bytes(length, (0, 3)), Before: Start(1088, size: 200), IsLeast: false),
    ];

    public override string ToString() => $"{Name}, {Shortest} to {Longest} bytes";

    private static ComponentForm Offer(string component, IReadOnlyList<IcVersion> versions, Func<IntegrationGuest> guest) =>
        new($"versions of {component}", IcMessageType.Negotiate, 16, LongestOffer, HyperV + " icmsg_negotiate; OpenVMM hyperv_ic_protocol NegotiateMessage", versions, guest, length => ListOf(length, versions));

    // As many of each kind, the known one last; behind a full list, nothing.
    private static byte[] ListOf(int length, IReadOnlyList<IcVersion> known)
    {
        int each = Math.Clamp((length - 8) / 8, 1, 100);
        byte[] body = Conversation.Offer(Many(new IcVersion(3, 0)), Many(known[^1]))[28..];
        Array.Resize(ref body, length);
        return body;

        IcVersion[] Many(IcVersion last) => [.. Enumerable.Range(1, each - 1).Select(minor => new IcVersion(9, (ushort)minor)), last];
    }

    private static KvpGuest Pairs()
    {
        var store = new KvpStore();
        store.Set(IcKvpPool.External, "a", KvpValue.Of("b"));
        return new KvpGuest(store);
    }

    // The key "a" and the string "b".
    private static byte[] Pair(int length, byte operation) =>
        Bytes(length, (0, operation), (4, 1), (8, 4), (12, 4), (16, (byte)'a'), (16 + 512, (byte)'b'));

    private static byte[] Start(int length, byte size) => Bytes(length, (36, (byte)'f'), (1080, size));

    private static byte[] Bytes(int length, params (int At, byte Value)[] values)
    {
        byte[] body = new byte[length];
        foreach ((int at, byte value) in values)
        {
            if (at < length)
                body[at] = value;
        }

        return body;
    }
}
