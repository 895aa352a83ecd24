// An outbox in a saved state: what waits, and how often the head was tried.

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class MessageOutbox
{
    private const int LeastSaved = 14;

    /// <summary>A message that was saved, if it is one that may wait.</summary>
    /// <param name="reader">The state.</param>
    /// <param name="direction">Which way it goes.</param>
    /// <param name="negotiated">
    /// The connection it belongs to, which must have it; <see langword="null"/> where that may have ended.
    /// </param>
    internal static byte[] RestoreMessage(ref SavedStateReader reader, MessageDirection direction, NegotiatedVersion? negotiated)
    {
        ReadOnlySpan<byte> bytes = reader.Bytes();
        reader.Check(bytes.Length is >= ChannelMessageHeader.Size and <= ChannelMessages.MaxLength, $"a message has {bytes.Length} bytes");
        ChannelMessageType type = ChannelMessages.Read<ChannelMessageHeader>(bytes).MessageType;
        ChannelMessageRule? rule = ChannelMessages.Rule(type);
        reader.Check(rule is not null && rule.Direction == direction, $"a message of type {(uint)type} is not posted by this side");
        int least = rule.MinimumLength(new NegotiatedVersion(ProtocolVersion.Ws2008));
        reader.Check(bytes.Length >= least, $"{type} has {bytes.Length} bytes, and at least {least} are needed");
        if (negotiated is { } version)
        {
            MessageFault fault = ChannelMessages.Check(bytes, direction, version, out _);
            reader.Check(fault == MessageFault.None, $"{type} of {bytes.Length} bytes waits to be posted in a connection of {version}: {fault}");
        }
        return bytes.ToArray();
    }

    internal void Save(SavedStateWriter writer, SavedStateRecord record)
    {
        writer.Begin(record);
        writer.UInt32((uint)_tries);
        writer.Time(UntilDue ?? TimeSpan.Zero);
        writer.Count(_queue.Count);
        foreach (QueuedMessage message in _queue)
        {
            writer.UInt32(message.ConnectionId);
            writer.Target(message.Target);
            writer.Bytes(message.Bytes.Span);
        }
    }

    internal void Restore(ref SavedStateReader reader, SavedStateRecord record, MessageDirection direction, NegotiatedVersion? negotiated)
    {
        reader.Enter(record);
        uint tries = reader.UInt32();
        TimeSpan delay = reader.Time();
        for (int left = reader.Count(LeastSaved); left > 0; left--)
        {
            uint connectionId = reader.UInt32();
            MessageTarget target = reader.Target();
            _queue.Enqueue(new QueuedMessage(RestoreMessage(ref reader, direction, negotiated), connectionId, target));
        }

        reader.Check(tries == 0 ? delay == TimeSpan.Zero : _queue.Count > 0, $"of {_queue.Count} messages the first was tried {tries} times and waits {delay}");
        // A policy that has less patience now gives the message up at its next try.
        _tries = (int)Math.Min(tries, (uint)_policy.MaxTries - 1);
        _failedAt = _clock.GetTimestamp();
        _delay = delay < _policy.MaxDelayWhileOff ? delay : _policy.MaxDelayWhileOff;
    }
}
