using FsCheck;
using FsCheck.Fluent;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Recording;

/// <summary>What a recorder is shown.</summary>
public sealed record Observation(bool ToHost, byte Fault, uint Version, uint Features, byte[] Bytes, ushort Pause)
{
    public MessageDirection Direction => ToHost ? MessageDirection.GuestToHost : MessageDirection.HostToGuest;

    public MessageFault MessageFault => (MessageFault)(Fault % ((int)MessageFault.LimitExceeded + 1));

    public NegotiatedVersion Negotiated => new(new ProtocolVersion(Version), (FeatureFlags)Features);

    /// <summary>For FsCheck, whose own numbers are nearly all zero.</summary>
    public static Arbitrary<Observation> Any() => (
        from toHost in Gen.Elements(false, true)
        from fault in Gen.Choose(0, byte.MaxValue)
        from version in Gen.Elements(0u, 0x0Du, 0x50000u, 0x60000u, uint.MaxValue)
        from features in Gen.Choose(int.MinValue, int.MaxValue)
        from length in Gen.Frequency((8, Gen.Choose(0, 240)), (1, Gen.Choose(1020, 1030)))
        from bytes in Gen.ArrayOf(Gen.Choose(0, byte.MaxValue), length)
        from pause in Gen.Choose(0, ushort.MaxValue)
        select new Observation(toHost, (byte)fault, version, (uint)features, [.. bytes.Select(one => (byte)one)], (ushort)pause)).ToArbitrary();

    /// <summary>Records all of them, each after its pause in units of 100 ns.</summary>
    public static byte[] Record(IEnumerable<Observation> observations)
    {
        var clock = new StepClock();
        using var stream = new MemoryStream();
        using var recorder = new ConversationRecorder(stream, clock);
        foreach (Observation one in observations)
        {
            clock.Advance(one.Pause);
            recorder.Observe(one.Direction, one.Bytes, one.Negotiated, one.MessageFault);
        }

        return stream.ToArray();
    }

    /// <summary>Whether a message that was read is what was shown at that time.</summary>
    public bool IsSame(RecordedMessage read, long time) =>
        read.Time.Ticks == time && read.Direction == Direction && read.Fault == MessageFault && read.Negotiated == Negotiated
        && read.Length == Bytes.Length && read.Bytes.Span.SequenceEqual(Bytes.AsSpan(0, Math.Min(Bytes.Length, RecordedMessage.MaxLength)));
}
