// The guest of a simulated measurement: the loads of GuestSender, each message and each hypercall at its cost.

using VmBus.Layout;

namespace VmBus.Tool;

/// <summary>Sends one load: a warm-up, the measured messages, the end.</summary>
internal sealed class SimulatedGuest(VmBusChannel channel, SimulatedClock clock, LoadKind load, LatencyOptions options)
{
    private readonly byte[] _payload = new byte[options.MessageSize];
    private readonly Random _arrivals = new(1);
    private uint _number;

    /// <summary>Runs the load.</summary>
    public async Task<GuestResult> RunAsync()
    {
        await RunFor(options.CellTime / 4, MessageKind.WarmUp);
        await Send(MessageKind.Begin, Urgency.Urgent);
        ChannelStatistics before = channel.GetStatistics();
        await RunFor(options.CellTime, MessageKind.Data);
        GuestResult result = new(before, channel.GetStatistics(), TimeSpan.Zero, TimeSpan.Zero);
        await Send(MessageKind.End, Urgency.Urgent);
        return result;
    }

    private Task RunFor(TimeSpan time, MessageKind kind)
    {
        long end = clock.Now + SimulatedEngine.Nanoseconds(time);
        return load switch
        {
            LoadKind.PingPong => PingPong(end, kind),
            LoadKind.Paced => Paced(end, kind),
            LoadKind.Saturating => Saturating(end, kind),
            LoadKind.Acknowledged => Acknowledged(end, kind),
            LoadKind.Mixed => Mixed(end, kind),
            _ => throw new InvalidOperationException($"No such load: {load}."),
        };
    }

    private async Task PingPong(long end, MessageKind kind)
    {
        while (clock.Now < end)
        {
            await Send(kind, Urgency.Normal, PacketFlags.CompletionRequested);
            await channel.WaitToReadAsync();
            TakeAnswers();
        }
    }

    private async Task Acknowledged(long end, MessageKind kind)
    {
        int inFlight = 0;
        while (clock.Now < end || inFlight > 0)
        {
            if (inFlight == GuestSender.MostInFlight || clock.Now >= end)
                await channel.WaitToReadAsync();
            inFlight -= TakeAnswers();
            if (clock.Now >= end)
                continue;
            await Send(kind, Urgency.Normal, PacketFlags.CompletionRequested);
            inFlight++;
        }
    }

    private async Task Paced(long end, MessageKind kind)
    {
        long due = clock.Now;
        while ((due += NextGap(options.Pace)) < end)
        {
            await clock.Delay(due - clock.Now);
            await Send(kind, Urgency.Normal);
        }

        await clock.Delay(end - clock.Now);
    }

    private async Task Saturating(long end, MessageKind kind)
    {
        while (clock.Now < end)
            await Send(kind, Urgency.Normal);
    }

    private async Task Mixed(long end, MessageKind kind)
    {
        MessageKind urgent = kind == MessageKind.Data ? MessageKind.Urgent : kind;
        long gap = Math.Max(1, SimulatedEngine.Nanoseconds(options.DataPace));
        long urgentDue = clock.Now + NextGap(options.Pace);
        long dataDue = clock.Now;
        while (clock.Now < end)
        {
            if (clock.Now >= urgentDue)
            {
                await Send(urgent, Urgency.Urgent);
                urgentDue = clock.Now + NextGap(options.Pace);
            }
            else if (clock.Now >= dataDue)
            {
                await Send(kind, Urgency.Normal);
                dataDue = Math.Max(dataDue + gap, clock.Now);
            }
            else
            {
                await clock.Delay(Math.Min(urgentDue, dataDue) - clock.Now);
            }
        }
    }

    /// <returns>How many there were.</returns>
    private int TakeAnswers()
    {
        ChannelReadBatch batch = channel.ReadBatch();
        int answers = 0;
        while (batch.TryNext(out RingPacket _))
            answers++;

        batch.Commit();
        return answers;
    }

    private async Task Send(MessageKind kind, Urgency urgency, PacketFlags flags = PacketFlags.None)
    {
        long hypercalls = channel.Signaler.GetStatistics().Hypercalls;
        uint number = _number++;
        while (true)
        {
            new Message(clock.Now, kind, number).WriteTo(_payload);
            if (channel.TrySend(_payload, new SendOptions { TransactionId = number, Flags = flags, Urgency = urgency }))
                break;
            await channel.WaitToWriteAsync(_payload.Length);
        }

        long cost = SimulatedCosts.Send;
        if (channel.Signaler.GetStatistics().Hypercalls != hypercalls)
            cost += SimulatedEngine.Nanoseconds(options.HypercallCost);
        await clock.Delay(cost);
    }

    private long NextGap(TimeSpan mean) => 1 + (long)(-Math.Log(1 - _arrivals.NextDouble()) * SimulatedEngine.Nanoseconds(mean));
}
