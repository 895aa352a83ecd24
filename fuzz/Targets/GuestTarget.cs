using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>
/// A guest between its driver and a hostile host. Input: one byte of options (1: it has to find its host first; the rest is
/// the version it proposes), then operations: a code below 128 is the length of a message of the host, which follows; from
/// 128 on it is one of <see cref="Operation"/>, with one byte.
/// </summary>
public static class GuestTarget
{
    private const int MaxOffers = 6;
    private const int MaxRequests = 64;

    /// <summary>What the driver does; above 128.</summary>
    public enum Operation : byte
    {
        /// <summary>Posts so many messages.</summary>
        Post,

        /// <summary>Posts, with that of four statuses.</summary>
        PostBadly,

        /// <summary>So many seconds pass.</summary>
        Wait,

        /// <summary>Takes every event.</summary>
        Take,

        /// <summary>Connects.</summary>
        Connect,

        /// <summary>Asks for offers.</summary>
        RequestOffers,

        /// <summary>Makes a GPADL for that relid.</summary>
        CreateGpadl,

        /// <summary>Tears one down.</summary>
        TeardownGpadl,

        /// <summary>Opens, with relid and GPADL in one byte.</summary>
        Open,

        /// <summary>Closes.</summary>
        Close,

        /// <summary>Moves a channel's interrupt.</summary>
        Modify,

        /// <summary>Releases a relid.</summary>
        Release,

        /// <summary>Opens a reserved channel.</summary>
        OpenReserved,

        /// <summary>Closes one.</summary>
        CloseReserved,

        /// <summary>Asks for a socket channel.</summary>
        ConnectTransport,

        /// <summary>Moves the monitor pages.</summary>
        ModifyConnection,

        /// <summary>Pauses.</summary>
        Pause,

        /// <summary>Goes on.</summary>
        Resume,

        /// <summary>Leaves.</summary>
        Unload,

        /// <summary>The host says something of its longest: 240 bytes of what follows.</summary>
        LongMessage,
    }

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        var clock = new ManualClock();
        ProtocolVersion version = ProtocolVersion.Known[(options >> 1) % ProtocolVersion.Known.Count];
        var guest = new GuestProtocol(new GuestProtocolOptions { Versions = [version], Features = (FeatureFlags)0xFF, MaxOffers = MaxOffers }, clock);
        if ((options & 1) == 0)
            Connect(guest, version);
        int requests = 0;
        while (!input.IsEmpty)
        {
            byte code = input.Byte();
            var operation = (Operation)((code - 128) % ((int)Operation.LongMessage + 1));
            if (code < 128)
                Receive(guest, input.Take(code));
            else if (operation == Operation.LongMessage)
                Receive(guest, input.Take(ChannelMessages.MaxLength));
            else
                Ask(guest, clock, operation, input.Byte(), ref requests);
            CheckBounds(guest, requests);
        }

        Leave(guest, clock);
    }

    private static void Connect(GuestProtocol guest, ProtocolVersion version)
    {
        guest.Connect(default);
        Post(guest, HypercallStatus.Success);
        var response = new VersionResponse3 { ParentToChildMonitorPage = 0x1000, ChildToParentMonitorPage = 0x2000 };
        response.Response.Response.VersionSupported = 1;
        response.Response.Response.ConnectionId = 9;
        response.Response.SupportedFeatures = version >= ProtocolVersion.Copper ? (FeatureFlags)0x3F : FeatureFlags.None;
        guest.Receive(ChannelMessages.ToBytes(ChannelMessageType.VersionResponse, response));
        FindingException.Unless(guest.State == GuestConnectionState.Connected, "A good answer did not connect.");
    }

    private static void Receive(GuestProtocol guest, ReadOnlySpan<byte> message)
    {
        long faults = guest.Faults.Total;
        MessageFault fault = guest.Receive(message);
        FindingException.Unless(guest.Faults.Total == faults + (fault == MessageFault.None ? 0 : 1), "A fault was miscounted.");
    }

    // What the state does not allow throws, and changes nothing that can be counted.
    private static void Ask(GuestProtocol guest, ManualClock clock, Operation operation, byte value, ref int requests)
    {
        switch (operation)
        {
            case Operation.Post:
                for (int posts = value % 8; posts >= 0; posts--)
                    Post(guest, HypercallStatus.Success);
                return;
            case Operation.PostBadly:
                Post(guest, (value & 3) switch
                {
                    0 => HypercallStatus.InsufficientBuffers,
                    1 => HypercallStatus.InvalidConnectionId,
                    2 => HypercallStatus.AccessDenied,
                    _ => HypercallStatus.ObjectInUse,
                });
                return;
            case Operation.Wait:
                clock.Advance(TimeSpan.FromSeconds(value));
                guest.Elapse();
                return;
            case Operation.Take:
                while (guest.TryTakeEvent(out _))
                {
                }

                return;
        }

        if (requests >= MaxRequests)
            return;
        var before = (guest.State, guest.PendingRequests, guest.WaitingPosts, guest.GpadlCount, guest.OfferCount, guest.EventCount);
        try
        {
            Request(guest, operation, value & 7u, GuestProtocol.FirstGpadl + (uint)(value >> 3 & 7), value);
            requests++;
        }
        catch (Exception refused) when (refused is InvalidOperationException or ArgumentException)
        {
            FindingException.Unless(before == (guest.State, guest.PendingRequests, guest.WaitingPosts, guest.GpadlCount, guest.OfferCount, guest.EventCount), $"{operation} was refused, and changed something.");
        }
    }

    internal static void Request(GuestProtocol guest, Operation operation, uint relid, uint gpadl, byte value)
    {
        switch (operation)
        {
            case Operation.Connect: guest.Connect(new GuestPages(0x3000, 0x1000, 0x2000)); break;
            case Operation.RequestOffers: guest.RequestOffers(); break;
            case Operation.CreateGpadl: guest.CreateGpadl(relid, [GpadlRange.OfPages(0, (value >> 3) * 4 + 1)]); break;
            case Operation.TeardownGpadl: guest.TeardownGpadl(gpadl); break;
            case Operation.Open: guest.Open(relid, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 1, TargetVp = value >= 0xC0 ? GuestOpenRequest.InterruptsDisabled : 0 }); break;
            case Operation.Close: guest.Close(relid); break;
            case Operation.Modify: guest.ModifyChannel(relid, 1); break;
            case Operation.Release: guest.ReleaseRelid(relid); break;
            case Operation.OpenReserved: guest.OpenReserved(relid, 1, 3, gpadl, 1); break;
            case Operation.CloseReserved: guest.CloseReserved(relid, 1, 3); break;
            case Operation.ConnectTransport: guest.ConnectTransport(new Guid((int)relid, 0, 0, new byte[8]), default, default); break;
            case Operation.ModifyConnection: guest.ModifyConnection(0x5000, 0x6000); break;
            case Operation.Pause: guest.Pause(); break;
            case Operation.Resume: guest.Resume(); break;
            default: guest.Unload(); break;
        }
    }

    private static void Post(GuestProtocol guest, HypercallStatus status)
    {
        if (!guest.TryPeekPost(out QueuedMessage message))
            return;
        FindingException.Unless(message.Bytes.Length is >= ChannelMessageHeader.Size and <= ChannelMessages.MaxLength, $"{message.Type} has {message.Bytes.Length} bytes.");
        guest.CompletePost(status);
    }

    private static void CheckBounds(GuestProtocol guest, int requests)
    {
        FindingException.Unless(guest.OfferCount <= MaxOffers, $"{guest.OfferCount} offers were taken.");
        FindingException.Unless(guest.GpadlCount <= requests && guest.PendingRequests <= requests + 2, $"There are {guest.GpadlCount} GPADLs and {guest.PendingRequests} requests of {requests}.");
        FindingException.Unless(guest.WaitingPosts <= 8 * (requests + 2), $"{guest.WaitingPosts} messages wait, of {requests} requests.");
        FindingException.Unless(guest.UntilDue is null || guest.UntilDue >= TimeSpan.Zero, "It was due before.");
    }

    private static void Leave(GuestProtocol guest, ManualClock clock)
    {
        if (guest.State is not (GuestConnectionState.Disconnected or GuestConnectionState.Unloading))
            guest.Unload();
        clock.Advance(TimeSpan.FromMinutes(1));
        guest.Elapse();
        FindingException.Unless(guest is { State: GuestConnectionState.Disconnected, PendingRequests: 0 }, $"The guest has left, is {guest.State} and waits for {guest.PendingRequests} answers.");
        foreach (GuestOffer offer in guest.Offers)
            FindingException.Unless(guest.StateOf(offer.Relid) == GuestChannelState.Open, $"Channel {offer.Relid} is {guest.StateOf(offer.Relid)} after the guest has left.");
    }
}
