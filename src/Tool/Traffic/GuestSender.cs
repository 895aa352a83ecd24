// The guest of a measurement: makes the load.

using System.Diagnostics;
using VmBus.Layout;

namespace VmBus.Tool;

/// <summary>Sends one load on the calling thread: a warm-up, the measured messages, the end.</summary>
internal sealed class GuestSender(VmBusChannel channel, LatencyOptions options)
{
    /// <summary>Messages of <see cref="LoadKind.Acknowledged"/> that may wait for their answer at once.</summary>
    public const int MostInFlight = 64;

    private static readonly TimeSpan Patience = HostReceiver.Patience;

    private const uint TimedOneIn = 32;

    private readonly byte[] _payload = new byte[options.MessageSize];
    private readonly Random _arrivals = new(1);     // the same arrivals in every mode
    private uint _number;

    /// <summary>Messages sent so far, for a progress display on another thread.</summary>
    public long PacketsSent => Volatile.Read(ref _number);

    /// <summary>
    /// How long the load runs before it is counted: long enough for the runtime to have compiled the hot paths for
    /// good, and for an adaptive channel to have met its load.
    /// </summary>
    public static TimeSpan WarmUp(LatencyOptions options)
        => TimeSpan.FromTicks(Math.Clamp(options.CellTime.Ticks / 4, TimeSpan.TicksPerMillisecond * 100, TimeSpan.TicksPerSecond));

    /// <summary>Runs a load: a warm-up, the measured messages, the end.</summary>
    /// <exception cref="ToolException">The host took or answered nothing for <see cref="HostReceiver.Patience"/>.</exception>
    /// <exception cref="VmBusException">The channel or the host failed.</exception>
    public GuestResult Run(LoadKind load, CancellationToken cancellationToken)
    {
        RunFor(load, WarmUp(options), MessageKind.WarmUp, cancellationToken);
        return RunCounted(() => RunFor(load, options.CellTime, MessageKind.Data, cancellationToken));
    }

    /// <summary>Tells the host to count, runs something, and ends.</summary>
    public GuestResult RunCounted(Action send)
    {
        Send(MessageKind.Begin, Urgency.Urgent);

        ChannelStatistics before = channel.GetStatistics();
        TimeSpan cpuBefore = CpuClock.Thread();
        TimeSpan processBefore = CpuClock.Process();
        send();
        GuestResult result = new(before, channel.GetStatistics(), CpuClock.Thread() - cpuBefore, CpuClock.Process() - processBefore);
        Send(MessageKind.End, Urgency.Urgent);
        return result;
    }

    /// <summary>Runs a load for some time.</summary>
    /// <param name="load">The load.</param>
    /// <param name="time">How long.</param>
    /// <param name="kind">What its messages are for: <see cref="MessageKind.WarmUp"/> or <see cref="MessageKind.Data"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public void RunFor(LoadKind load, TimeSpan time, MessageKind kind, CancellationToken cancellationToken)
    {
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        switch (load)
        {
            case LoadKind.PingPong:
                PingPong(end, kind, cancellationToken);
                break;
            case LoadKind.Paced:
                Paced(end, kind, cancellationToken);
                break;
            case LoadKind.Saturating:
                Saturating(end, kind, cancellationToken);
                break;
            case LoadKind.Acknowledged:
                Acknowledged(end, kind, cancellationToken);
                break;
            case LoadKind.Mixed:
                Mixed(end, kind, cancellationToken);
                break;
            default:
                throw new InvalidOperationException($"No such load: {load}.");
        }
    }

    private void PingPong(long end, MessageKind kind, CancellationToken cancellationToken)
    {
        while (Stopwatch.GetTimestamp() < end)
        {
            Send(kind, Urgency.Normal, Stopwatch.GetTimestamp(), PacketFlags.CompletionRequested);
            AwaitAnswers(cancellationToken);
        }
    }

    private void Acknowledged(long end, MessageKind kind, CancellationToken cancellationToken)
    {
        MessageKind filler = kind == MessageKind.Data ? MessageKind.Filler : kind;
        int inFlight = 0;
        long now;
        while ((now = Stopwatch.GetTimestamp()) < end)
        {
            if (inFlight == MostInFlight || channel.Incoming.HasPackets)
                inFlight -= AwaitAnswers(cancellationToken);
            Send(_number % TimedOneIn == 0 ? kind : filler, Urgency.Normal, now, PacketFlags.CompletionRequested);
            inFlight++;
        }

        while (inFlight > 0)
            inFlight -= AwaitAnswers(cancellationToken);
    }

    /// <returns>How many came.</returns>
    private int AwaitAnswers(CancellationToken cancellationToken)
    {
        if (!channel.AwaitPackets(Patience, cancellationToken))
            throw new ToolException($"the host answered nothing for {Patience.TotalSeconds:0} s after {_number} messages");
        ChannelReadBatch batch = channel.ReadBatch();
        int answers = 0;
        while (batch.TryNext(out RingPacket _))
            answers++;

        batch.Commit();
        return answers;
    }

    private void Paced(long end, MessageKind kind, CancellationToken cancellationToken)
    {
        long due = Stopwatch.GetTimestamp();
        while ((due += NextGap(options.Pace)) < end)
        {
            SpinUntil(due, cancellationToken);
            Send(kind, Urgency.Normal);
        }

        SpinUntil(end, cancellationToken);
    }

    private void Saturating(long end, MessageKind kind, CancellationToken cancellationToken)
    {
        MessageKind filler = kind == MessageKind.Data ? MessageKind.Filler : kind;
        long now;
        while ((now = Stopwatch.GetTimestamp()) < end)
        {
            Send(_number % TimedOneIn == 0 ? kind : filler, Urgency.Normal, now);
            if ((_number & 0xFFF) == 0)
                cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Data as fast as <see cref="LatencyOptions.DataPace"/> has it, and urgent messages at random among it.
    /// </summary>
    private void Mixed(long end, MessageKind kind, CancellationToken cancellationToken)
    {
        MessageKind urgent = kind == MessageKind.Data ? MessageKind.Urgent : kind;
        long gap = Math.Max(1, Ticks(options.DataPace));
        long now = Stopwatch.GetTimestamp();
        long urgentDue = now + NextGap(options.Pace);
        long dataDue = now;
        while ((now = Stopwatch.GetTimestamp()) < end)
        {
            if (now >= urgentDue)
            {
                Send(urgent, Urgency.Urgent, now);
                urgentDue = now + NextGap(options.Pace);
            }
            else if (now >= dataDue)
            {
                Send(kind, Urgency.Normal, now);

                // A guest that was held up goes on at its pace; it does not make up for lost time in a burst.
                dataDue = Math.Max(dataDue + gap, now);
                if ((_number & 0xFFF) == 0)
                    cancellationToken.ThrowIfCancellationRequested();
            }
            else
            {
                Thread.Yield();
            }
        }
    }

    private void Send(MessageKind kind, Urgency urgency) => Send(kind, urgency, Stopwatch.GetTimestamp());

    private void Send(MessageKind kind, Urgency urgency, long now, PacketFlags flags = PacketFlags.None)
    {
        new Message(now, kind, _number++).WriteTo(_payload);
        while (!channel.TrySend(_payload, new SendOptions { TransactionId = _number, Flags = flags, Urgency = urgency }))
        {
            if (!channel.AwaitRoom(_payload.Length, Patience))
                throw new ToolException($"the host made no room for {Patience.TotalSeconds:0} s after {_number} messages");

            // What waited for room was not sent before there was room.
            new Message(Stopwatch.GetTimestamp(), kind, _number - 1).WriteTo(_payload);
        }
    }

    /// <summary>Random arrivals: a fixed gap would fall into step with the scan.</summary>
    private long NextGap(TimeSpan mean) => (long)(-Math.Log(1 - _arrivals.NextDouble()) * Ticks(mean));

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static void SpinUntil(long due, CancellationToken cancellationToken)
    {
        while (Stopwatch.GetTimestamp() < due)
        {
            // Others may need this core to run at all: these waits are on a machine of two.
            Thread.Yield();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
