// Where everything lies in the memory two processes share. Ours: VMBus itself says where pages lie by GPADLs and
// INITIATE_CONTACT; here one message over the socket says it.

using System.Buffers.Binary;

namespace VmBus.InMemory;

/// <summary>The plan of the shared memory, as the host sends it to the guest in one message.</summary>
/// <param name="Start">Where in the memory the channel's pages begin: a multiple of the page size.</param>
/// <param name="RingSize">Data bytes of each ring.</param>
/// <param name="ChildRelid">The channel's relid.</param>
/// <param name="MonitorId">The channel's monitor.</param>
/// <param name="SpinTicks">How long the guest spins at most before it sleeps, in units of 100 ns.</param>
/// <param name="AdaptiveSpin">Whether it spins less while signals come too late for it.</param>
internal readonly record struct SharedChannelPlan(long Start, int RingSize, int ChildRelid, int MonitorId, long SpinTicks, bool AdaptiveSpin)
{
    public const int PageSize = 4096;

    /// <summary>Bytes of the message that carries the plan.</summary>
    public const int MessageLength = 40;

    /// <summary>Descriptors that come with it: the memory, the host's pipe of signals, the guest's.</summary>
    public const int DescriptorCount = 3;

    private const uint Magic = 0x53424D56; // "VMBS"
    private const uint Version = 2;

    /// <summary>The monitor page from guest to host.</summary>
    public long MonitorPageOffset => Start;

    /// <summary>The page of event flags that stand for signals to the host.</summary>
    public long HostFlagsOffset => Start + PageSize;

    /// <summary>The page of event flags that stand for signals to the guest.</summary>
    public long GuestFlagsOffset => Start + 2 * PageSize;

    /// <summary>Bytes of the pages before the rings.</summary>
    public static int PagesLength => 3 * PageSize;

    /// <summary>The ring from guest to host. TX then RX, as in the one GPADL of a real channel.</summary>
    public long GuestToHostOffset => Start + PagesLength;

    /// <summary>The ring from host to guest.</summary>
    public long HostToGuestOffset => GuestToHostOffset + PageSize + RingSize;

    /// <summary>Bytes in all, from <see cref="Start"/> on.</summary>
    public long Length => PagesLength + 2L * (PageSize + RingSize);

    /// <summary>Bytes a channel with such rings takes.</summary>
    public static long LengthOf(int ringSize) => new SharedChannelPlan { RingSize = ringSize }.Length;

    public void WriteTo(Span<byte> message)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(message, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(message[8..], RingSize);
        BinaryPrimitives.WriteInt32LittleEndian(message[12..], ChildRelid);
        BinaryPrimitives.WriteInt32LittleEndian(message[16..], MonitorId);
        BinaryPrimitives.WriteInt32LittleEndian(message[20..], AdaptiveSpin ? 1 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(message[24..], SpinTicks);
        BinaryPrimitives.WriteInt64LittleEndian(message[32..], Start);
    }

    /// <summary>Reads a plan and checks it: the peer may be any process.</summary>
    public static SharedChannelPlan ReadFrom(ReadOnlySpan<byte> message)
    {
        if (message.Length != MessageLength || BinaryPrimitives.ReadUInt32LittleEndian(message) != Magic)
            throw new InvalidDataException($"The peer did not answer with the plan of a channel ({message.Length} bytes).");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(message[4..]);
        if (version != Version)
            throw new InvalidDataException($"The peer's channel plan has version {version}; this side supports {Version}.");
        SharedChannelPlan plan = new(
            BinaryPrimitives.ReadInt64LittleEndian(message[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(message[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(message[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(message[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(message[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(message[20..]) != 0);
        if (plan.Start < 0 || plan.Start % PageSize != 0 || plan.Start > long.MaxValue / 2)
            throw new InvalidDataException($"The peer's channel begins at {plan.Start}, which is not a page.");
        try
        {
            new SharedChannelOptions
            {
                RingSize = plan.RingSize,
                ChildRelid = plan.ChildRelid,
                MonitorId = plan.MonitorId,
                SpinBudget = TimeSpan.FromTicks(plan.SpinTicks),
            }.Validate();
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new InvalidDataException($"The peer's channel plan is invalid: {e.Message}", e);
        }

        return plan;
    }
}
