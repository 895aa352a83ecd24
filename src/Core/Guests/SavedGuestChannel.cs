// An open channel of a guest in a saved state.

using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>What was read of an open channel.</summary>
internal sealed record SavedGuestChannel(uint Relid, uint Gpadl, ulong[] PageFrames, int DownstreamPageOffset, GuestChannelOptions Options)
{
    public const int LeastBytes = 29;

    public static void Write(SavedStateWriter writer, GuestChannel channel)
    {
        writer.UInt32(channel.Offer.Relid);
        writer.UInt32(channel.Loan.Gpadl);
        writer.Words(channel.Loan.Rings.PageFrames.Span);
        writer.UInt32((uint)channel.Loan.Rings.DownstreamPageOffset);
        writer.UInt32(channel.Options.TargetVp);
        writer.Byte((byte)channel.Channel.SignalMode);
        writer.Byte((byte)channel.Options.Trust);
        writer.Bool(channel.Options.MultiProducer);
        writer.Optional(channel.Options.ConnectionId);
        writer.Optional(channel.Options.EventFlag);
        writer.Bool(channel.Options.IsReserved);
        writer.Bool(channel.Options.RedirectInterrupt);
    }

    public static SavedGuestChannel Read(ref SavedStateReader reader, GuestProtocol protocol)
    {
        uint relid = reader.UInt32(), gpadl = reader.UInt32();
        ulong[] frames = reader.Words();
        uint downstream = reader.UInt32();
        reader.Check(downstream >= 2 && downstream <= frames.Length - 2, $"the incoming ring of channel {relid} begins at page {downstream} of {frames.Length}");
        var options = new GuestChannelOptions
        {
            TargetVp = reader.UInt32(),
            SignalMode = reader.Enum(SignalMode.Adaptive),
            Trust = reader.Enum(PeerTrust.Untrusted),
            MultiProducer = reader.Bool(),
            ConnectionId = reader.Optional(),
            EventFlag = EventFlag(ref reader),
            IsReserved = reader.Bool(),
            RedirectInterrupt = reader.Bool(),
        };
        bool choosesSignals = options.ConnectionId is not null || options.EventFlag is not null;
        reader.Allow(SavedStateRule.ChosenSignals, choosesSignals && !options.IsReserved, protocol.Negotiated);
        reader.Allow(SavedStateRule.RedirectedInterrupt, options.RedirectInterrupt && !options.IsReserved, protocol.Negotiated);
        bool isOpen = protocol.StateOf(relid) is GuestChannelState.Open or GuestChannelState.Rescinded;
        reader.Check(isOpen && protocol.GpadlsOf(relid).Contains(gpadl), $"channel {relid} is {protocol.StateOf(relid)} and has rings in GPADL 0x{gpadl:x}");
        return new SavedGuestChannel(relid, gpadl, frames, (int)downstream, options);
    }

    public GuestChannelOptions OptionsFor(IGuestRings rings) =>
        Options with { OutgoingSize = rings.Outgoing.DataSize, IncomingSize = rings.Incoming.DataSize };

    private static ushort? EventFlag(ref SavedStateReader reader)
    {
        uint? flag = reader.Optional();
        reader.Check(flag is null or (> 0 and <= GuestProtocolOptions.MaxRelid), $"a channel has event flag {flag}");
        return (ushort?)flag;
    }
}
