// The host of a simulated measurement.

namespace VmBus.Tool;

/// <summary>Reads every message, each at its cost, and completes those that ask for it.</summary>
internal sealed class SimulatedHost(VmBusChannel channel, SimulatedClock clock)
{
    private readonly HostResult _result = new();
    private bool _counting;

    /// <summary>Reads until the last message.</summary>
    public async Task<HostResult> RunAsync()
    {
        long began = 0;
        long wakeupsBefore = 0;
        while (true)
        {
            if (!await channel.WaitToReadAsync())
                throw new InvalidOperationException("The simulated guest closed its channel before its last message.");
            if (Take() is not { } taken)
                continue;
            (Message message, int length, ulong? completionFor) = taken;
            await clock.Delay(SimulatedCosts.Read);
            MessageKind kind = message.Kind;
            if (_counting && kind is MessageKind.Data or MessageKind.Urgent)
                Note(message, length);
            if (completionFor is { } id && !channel.TrySend(OutgoingPacket.Completion([], id), Urgency.Urgent))
                throw new InvalidOperationException($"The guest has {GuestSender.MostInFlight} messages in flight at most, and yet the ring of completions is full.");

            if (kind == MessageKind.Begin)
            {
                _counting = true;
                began = clock.Now;
                wakeupsBefore = channel.GetStatistics().Wakeups;
            }
            else if (kind == MessageKind.End)
            {
                _result.Elapsed = TimeSpan.FromTicks((clock.Now - began) / TimeSpan.NanosecondsPerTick);
                _result.Wakeups = channel.GetStatistics().Wakeups - wakeupsBefore;
                return _result;
            }
        }
    }

    private (Message Message, int Length, ulong? CompletionFor)? Take()
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
            return null;
        (Message, int, ulong?) taken = (Message.ReadFrom(packet.Payload), packet.Payload.Length, packet.WantsCompletion ? packet.TransactionId : null);
        batch.Commit();
        return taken;
    }

    private void Note(in Message message, int length)
    {
        (message.Kind == MessageKind.Urgent ? _result.Urgent : _result.Data).Record(clock.Now - message.SentAt);
        _result.Packets++;
        _result.Bytes += length;
    }
}
