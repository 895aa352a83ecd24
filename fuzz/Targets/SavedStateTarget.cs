// Saved states from anywhere. The input's first byte says of what, and whether the head is made right first: a checksum
// keeps damage out, not forgery.

using System.Buffers.Binary;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>
/// Law: bytes are refused by a <see cref="SavedStateException"/>, or make a host or a guest that can be saved again, goes on
/// without throwing and leaves nothing behind when it ends.
/// </summary>
public static class SavedStateTarget
{
    /// <summary>In the first byte: the state is a guest's, otherwise a host's.</summary>
    public const byte GuestSide = 1;

    /// <summary>In the first byte: what follows is a body, and its head is made here.</summary>
    public const byte Headless = 2;

    /// <summary>What is offered on a restored host is of this class, its instances 1 to 4.</summary>
    public static readonly Guid Device = new("f8615163-df3e-46c5-913f-f2d2f965ed0e");

    private static readonly HostProtocolOptions HostOptions = new() { MaxChannels = 8, MaxGpadls = 32, MaxGpadlPages = 4096 };
    private static readonly GuestProtocolOptions GuestOptions = new() { Features = (FeatureFlags)0xFF };

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        bool isGuest = (options & GuestSide) != 0;
        byte[] state = (options & Headless) == 0 ? input.Rest.ToArray()
            : WithHead(isGuest ? SavedStateKind.GuestProtocol : SavedStateKind.HostProtocol, input.Rest);
        if (isGuest)
            RunGuest(state);
        else
            RunHost(state);
    }

    /// <summary>Restores a host, if it can be.</summary>
    public static void RunHost(byte[] state)
    {
        HostProtocol host;
        try
        {
            host = HostProtocol.Restore(HostOptions, new ManualClock(), state);
        }
        catch (SavedStateException refused)
        {
            FindingException.Unless(refused.Offset >= 0 && refused.Offset <= state.Length, "The offset lies outside the state.");
            return;
        }

        for (int instance = 1; instance <= 4 && host.CanOffer; instance++)
            host.Offer(new HostOffer(Device, new Guid(instance, 0, 0, new byte[8])));
        host.CompleteRestore();
        HostProtocol.Restore(HostOptions, new ManualClock(), host.Save());
        DoAll(host);
        host.Reset();
        DoAll(host);
        FindingException.Unless(host.State == HostState.Disconnected, $"A host that was reset is {host.State}.");
        FindingException.Unless(host is { RelidsInUse: 0, MonitorIdsInUse: 0, GpadlCount: 0, GpadlPages: 0 }, "A host that was reset still holds something.");
    }

    /// <summary>Restores a guest, if it can be.</summary>
    public static void RunGuest(byte[] state)
    {
        var clock = new ManualClock();
        GuestProtocol guest;
        try
        {
            guest = GuestProtocol.Restore(GuestOptions, clock, state);
        }
        catch (SavedStateException refused)
        {
            FindingException.Unless(refused.Offset >= 0 && refused.Offset <= state.Length, "The offset lies outside the state.");
            return;
        }

        byte[] again = guest.Save();
        FindingException.Unless(GuestProtocol.Restore(GuestOptions, clock, again).Save().AsSpan().SequenceEqual(again), "A restored guest is saved as another.");
        Go();
        if (guest.State == GuestConnectionState.Paused)
            guest.Resume();
        Go();
        if (guest.State is not (GuestConnectionState.Disconnected or GuestConnectionState.Unloading))
            guest.Unload();
        Go();
        FindingException.Unless(guest is { State: GuestConnectionState.Disconnected, PendingRequests: 0 }, $"A guest that left is {guest.State} and waits for {guest.PendingRequests} answers.");
        FindingException.Unless(guest.Offers.All(offer => guest.StateOf(offer.Relid) is GuestChannelState.Open or GuestChannelState.Closing), "A guest that left still has channels that are not reserved, and open or being closed.");

        // Contact is made again for each version, so time goes by as often as there are versions.
        void Go()
        {
            for (int round = 0; round < 2 * ProtocolVersion.Known.Count; round++)
            {
                while (guest.TryPeekPost(out _))
                    guest.CompletePost(HypercallStatus.Success);
                while (guest.TryTakeEvent(out _))
                {
                }
                clock.Advance(TimeSpan.FromSeconds(31));
                guest.Elapse();
            }
            while (guest.TryTakeEvent(out _))
            {
            }
        }
    }

    private static void DoAll(HostProtocol host)
    {
        while (host.TryTakeAction(out HostAction action))
            Answer(host, action);
        while (host.TryPeekPost(out _))
            host.CompletePost(HypercallStatus.Success);
    }

    // No socket channel is to be had.
    internal static void Answer(HostProtocol host, HostAction action) =>
        HostAnswers.Give(host, action, action is HostAction.TransportConnect ? ChannelMessageStatus.ConnectionRefused : ChannelMessageStatus.Success);

    private static byte[] WithHead(SavedStateKind kind, ReadOnlySpan<byte> body)
    {
        byte[] state = new byte[SavedStateFormat.HeadSize + body.Length];
        "VMBUSSAV"u8.CopyTo(state);
        BinaryPrimitives.WriteUInt16LittleEndian(state.AsSpan(8), SavedStateFormat.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(state.AsSpan(10), (ushort)kind);
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(12), (uint)body.Length);
        body.CopyTo(state.AsSpan(SavedStateFormat.HeadSize));
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(16), SavedStateFormat.ChecksumOf(state));
        return state;
    }
}
