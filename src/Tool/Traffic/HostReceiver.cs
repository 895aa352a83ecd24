// The host of a measurement: sleeps until it is signalled, drains the ring, notes when each message was read.

using System.Diagnostics;

namespace VmBus.Tool;

/// <summary>Reads every message of one run on the calling thread, and completes those that ask for it.</summary>
/// <param name="channel">The host's end.</param>
/// <param name="timeline">Told what happens over time, if given.</param>
internal sealed class HostReceiver(VmBusChannel channel, TimelineRecorder? timeline = null)
{
    /// <summary>A peer that stays silent for so long is taken for hung.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HostResult _result = new();
    private bool _counting;
    private long _packetsRead;
    private long _began;
    private long _wakeupsNoted;

    /// <summary>Reads until the last message.</summary>
    /// <exception cref="ToolException">No message came for <see cref="Patience"/>.</exception>
    /// <exception cref="VmBusException">The channel or the guest failed.</exception>
    public HostResult Run(CancellationToken cancellationToken)
    {
        long wakeupsBefore = 0;
        TimeSpan cpuBefore = default;
        TimeSpan processBefore = default;
        while (true)
        {
            if (!channel.AwaitPackets(Patience, cancellationToken))
                throw new ToolException($"the host heard nothing for {Patience.TotalSeconds:0} s after {_packetsRead} messages");

            MessageKind last = Drain();
            if (last == MessageKind.Begin)
            {
                _wakeupsNoted = channel.GetStatistics().Wakeups;
                _began = Stopwatch.GetTimestamp();
                wakeupsBefore = channel.GetStatistics().Wakeups;
                cpuBefore = CpuClock.Thread();
                processBefore = CpuClock.Process();
            }
            else if (last == MessageKind.End)
            {
                _result.Elapsed = Stopwatch.GetElapsedTime(_began);
                _result.Wakeups = channel.GetStatistics().Wakeups - wakeupsBefore;
                _result.Cpu = CpuClock.Thread() - cpuBefore;
                _result.ProcessCpu = CpuClock.Process() - processBefore;
                return _result;
            }
        }
    }

    /// <summary>Reads all there is, up to a message that starts or ends the counting.</summary>
    private MessageKind Drain()
    {
        ChannelReadBatch batch = channel.ReadBatch();
        MessageKind kind = MessageKind.WarmUp;
        long read = 0;
        while (kind is not (MessageKind.Begin or MessageKind.End) && batch.TryNext(out RingPacket packet))
        {
            Message message = Message.ReadFrom(packet.Payload);
            kind = message.Kind;
            read++;
            if (_counting && kind is MessageKind.Data or MessageKind.Urgent or MessageKind.Filler)
                Note(message, packet.Payload.Length);
            if (packet.WantsCompletion)
                Complete(packet);
        }

        batch.Commit();
        _packetsRead += read;
        if (_counting && timeline is not null)
            NoteBatch(timeline, read);
        if (kind == MessageKind.Begin)
            _counting = true;
        return kind;
    }

    private void Note(in Message message, int length)
    {
        _result.Packets++;
        _result.Bytes += length;
        if (message.Kind == MessageKind.Filler)
            return;
        long latency = Message.Nanoseconds(message.SentAt, Stopwatch.GetTimestamp());
        (message.Kind == MessageKind.Urgent ? _result.Urgent : _result.Data).Record(latency);
        timeline?.NoteLatency(Stopwatch.GetElapsedTime(_began), latency);
    }

    private void NoteBatch(TimelineRecorder recorder, long read)
    {
        long wakeups = channel.GetStatistics().Wakeups;
        recorder.NotePackets(Stopwatch.GetElapsedTime(_began), read, wakeups - _wakeupsNoted);
        _wakeupsNoted = wakeups;
    }

    private void Complete(in RingPacket packet)
    {
        OutgoingPacket completion = OutgoingPacket.Completion(packet.Payload[..Message.HeaderLength], packet.TransactionId);
        while (!channel.TrySend(completion, Urgency.Urgent))
        {
            if (!channel.AwaitRoom(Message.HeaderLength, Patience))
                throw new ToolException($"the guest took no completion for {Patience.TotalSeconds:0} s");
        }
    }
}
