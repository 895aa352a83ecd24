// The host of a simulated measurement.

using VmBus.Channels;
using VmBus.Rings;
using VmBus.Signals;
using VmBus.Tool.Traffic;

namespace VmBus.Tool.Simulation;

/// <summary>Reads every message, each at its cost, and answers where the load asks for answers.</summary>
internal sealed class SimulatedHost(Channel channel, SimulatedClock clock, bool answers)
{
    private readonly HostResult _result = new();
    private bool _counting;

    /// <summary>Reads until the last message.</summary>
    /// <returns>What was seen.</returns>
    public async Task<HostResult> RunAsync()
    {
        long began = 0;
        long wakeupsBefore = 0;
        while (true)
        {
            await channel.WaitToReadAsync();
            (MessageKind kind, bool answer) = Take();
            await clock.Delay(SimulatedCosts.Read);
            if (answer)
                channel.TrySend(new byte[Message.HeaderLength], urgency: Urgency.Urgent);

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

    private (MessageKind Kind, bool Answer) Take()
    {
        ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
        {
            batch.Dispose();
            return (MessageKind.WarmUp, false);
        }

        Message message = Message.ReadFrom(packet.Payload);
        if (_counting && message.Kind is MessageKind.Data or MessageKind.Urgent)
        {
            (message.Kind == MessageKind.Urgent ? _result.Urgent : _result.Data).Record(clock.Now - message.SentAt);
            _result.Packets++;
            _result.Bytes += packet.Payload.Length;
        }

        batch.Commit();
        return (message.Kind, answers && message.Kind is not (MessageKind.Begin or MessageKind.End));
    }
}
