// The host of a measurement: sleeps until it is signalled, drains the ring, notes when each message was read.

using System.Diagnostics;
using VmBus.Channels;
using VmBus.Rings;
using VmBus.Signals;

namespace VmBus.Tool.Traffic;

/// <summary>Reads every message of one run on the calling thread, and answers them where the load asks for answers.</summary>
/// <param name="channel">The host's end.</param>
/// <param name="answers">Whether each message is answered.</param>
internal sealed class HostReceiver(Channel channel, bool answers)
{
    /// <summary>A peer that stays silent for so long is taken for hung.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HostResult _result = new();
    private bool _counting;
    private long _packetsRead;

    /// <summary>Packets read so far, for a progress display on another thread.</summary>
    public long PacketsRead => Volatile.Read(ref _packetsRead);

    /// <summary>Reads until the last message.</summary>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>What was seen.</returns>
    /// <exception cref="ToolException">No message came for <see cref="Patience"/>.</exception>
    /// <exception cref="VmBusException">The channel or the guest failed.</exception>
    public HostResult Run(CancellationToken cancellationToken)
    {
        long began = 0;
        long wakeupsBefore = 0;
        TimeSpan cpuBefore = default;
        TimeSpan processBefore = default;
        while (true)
        {
            if (!channel.WaitToRead(Patience, cancellationToken))
                throw new ToolException($"the host heard nothing for {Patience.TotalSeconds:0} s after {_packetsRead} messages");

            MessageKind last = Drain();
            if (last == MessageKind.Begin)
            {
                began = Stopwatch.GetTimestamp();
                wakeupsBefore = channel.GetStatistics().Wakeups;
                cpuBefore = CpuClock.Thread();
                processBefore = CpuClock.Process();
            }
            else if (last == MessageKind.End)
            {
                _result.Elapsed = Stopwatch.GetElapsedTime(began);
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
            if (answers && kind is not (MessageKind.Begin or MessageKind.End))
                Answer(packet.Payload);
        }

        batch.Commit();
        Volatile.Write(ref _packetsRead, _packetsRead + read);
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
    }

    private void Answer(ReadOnlySpan<byte> payload)
    {
        while (!channel.TrySend(payload[..Message.HeaderLength], urgency: Urgency.Urgent))
        {
            if (!channel.WaitToWrite(Message.HeaderLength, Patience))
                throw new ToolException($"the guest took no answer for {Patience.TotalSeconds:0} s");
        }
    }
}
