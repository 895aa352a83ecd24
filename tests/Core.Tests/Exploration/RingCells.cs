namespace VmBus.Core.Tests.Exploration;

/// <summary>Where the words of one ring and what its two ends wait on lie among a scenario's cells.</summary>
internal static class RingCells
{
    public const int WriteIndex = 0;
    public const int ReadIndex = 1;
    public const int Mask = 2;
    public const int PendingSendSize = 3;
    public const int FeatureBits = 4;

    /// <summary>The reader's signal: packets came.</summary>
    public const int PacketsEvent = 5;

    /// <summary>The writer's signal: room came.</summary>
    public const int RoomEvent = 6;

    /// <summary>What the watch keeps: see <see cref="SignalWatch"/>.</summary>
    public const int Watched = 7;

    /// <summary>The lock of a ring with several producers, and the fields it guards.</summary>
    public const int Lock = Watched + SignalWatch.Cells;
    public const int Committed = Lock + 1;
    public const int Sent = Lock + 2;

    // The signaller's words, those it shares with the examiner of the monitor page, and the packet that is urgent.
    public const int Route = Lock + 3;
    public const int Deferred = Lock + 4;
    public const int UrgentWaits = Lock + 5;
    public const int Pending = Lock + 6;
    public const int InterruptPage = Lock + 7;
    public const int NeighbourEvent = Lock + 8;
    public const int Urgent = Lock + 9;

    /// <summary>The ring's data, one cell for 8 bytes.</summary>
    public const int Data = Lock + 10;

    private static readonly string[] Control =
        ["write_index", "read_index", "interrupt_mask", "pending_send_sz", "feature_bits", "packets_event", "room_event"];

    public static IReadOnlyList<string> Names(uint size) =>
    [
        .. Control,
        .. Enumerable.Range(0, SignalWatch.Cells).Select(i => $"watch {i}"),
        "lock", "committed", "sent", "route", "deferred", "urgent_waits", "pending", "interrupt_page", "neighbour_event", "urgent",
        .. Enumerable.Range(0, (int)size / 8).Select(i => $"data[{i * 8}]"),
    ];
}
