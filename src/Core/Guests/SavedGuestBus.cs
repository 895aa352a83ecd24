// A guest bus in a saved state: where its memory lies, and how its channels were opened.

using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>What was read of a saved guest bus.</summary>
internal sealed record SavedGuestBus(GuestProtocol Protocol, ulong InterruptPage, ulong[] MonitorPages, IReadOnlyList<SavedGuestChannel> Channels, IReadOnlyList<uint> Unreleased)
{
    private int _length;

    public static byte[] Write(byte[] protocol, IGuestPages interruptPage, IGuestPages? monitorPages, IEnumerable<GuestChannel> channels, IReadOnlyCollection<uint> unreleased)
    {
        var writer = new SavedStateWriter(SavedStateKind.GuestBus);
        writer.Begin(SavedStateRecord.Protocol);
        writer.Bytes(protocol);
        writer.Begin(SavedStateRecord.GuestPages);
        writer.UInt64(interruptPage.PageFrames.Span[0]);
        writer.Words(monitorPages is null ? [] : monitorPages.PageFrames.Span);
        writer.Begin(SavedStateRecord.GuestRings);
        GuestChannel[] open = [.. channels.OrderBy(channel => channel.Offer.Relid)];
        writer.Count(open.Length);
        foreach (GuestChannel channel in open)
            SavedGuestChannel.Write(writer, channel);
        writer.Begin(SavedStateRecord.Unreleased);
        writer.Count(unreleased.Count);
        foreach (uint relid in unreleased.Order())
            writer.UInt32(relid);
        return writer.ToBytes();
    }

    /// <exception cref="SavedStateException">It is not a sound one.</exception>
    public static SavedGuestBus Read(ReadOnlySpan<byte> state, GuestBusOptions options)
    {
        var reader = new SavedStateReader(state, SavedStateKind.GuestBus);
        reader.Enter(SavedStateRecord.Protocol);
        var protocol = GuestProtocol.Restore(options.Protocol, options.Clock, reader.Bytes());
        reader.Check(protocol.State is GuestConnectionState.Connected or GuestConnectionState.Pausing or GuestConnectionState.Paused, $"the connection is {protocol.State}");
        reader.Enter(SavedStateRecord.GuestPages);
        ulong interruptPage = reader.UInt64();
        ulong[] monitorPages = reader.Words();
        reader.Check(monitorPages.Length is 0 or 2, $"there are {monitorPages.Length} monitor pages");
        var taken = new HashSet<ulong>(monitorPages) { interruptPage };
        reader.Check(taken.Count == monitorPages.Length + 1, "two pages have the same address");
        reader.Enter(SavedStateRecord.GuestRings);
        var channels = new SavedGuestChannel[reader.Count(SavedGuestChannel.LeastBytes)];
        for (int index = 0; index < channels.Length; index++)
        {
            channels[index] = SavedGuestChannel.Read(ref reader, protocol);
            uint relid = channels[index].Relid;
            reader.Check(index == 0 || relid > channels[index - 1].Relid, $"channel {relid} occurs twice, or out of order");
            foreach (ulong frame in channels[index].PageFrames)
                reader.Check(taken.Add(frame), $"the rings of channel {relid} overlap other memory");
        }

        reader.Enter(SavedStateRecord.Unreleased);
        var unreleased = new uint[reader.Count(sizeof(uint))];
        for (int index = 0; index < unreleased.Length; index++)
            unreleased[index] = reader.UInt32();
        reader.End();
        return new SavedGuestBus(protocol, interruptPage, monitorPages, channels, unreleased) { _length = state.Length };
    }

    public SavedStateException NotThere(string what) => new(SavedStateFault.DoesNotFit, _length, $"{what} is missing or changed in the guest's memory");
}
