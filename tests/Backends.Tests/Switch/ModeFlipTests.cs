using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using VmBus.InMemory;
using VmBus.Testing;

namespace VmBus.Backends.Tests.Switch;

/// <summary>The law: flipping a channel's mode at any moment, any number of times, loses no packet and no wakeup.</summary>
public sealed class ModeFlipTests
{
    private const int Flips = 1_000_000;

    private static readonly SignalMode[] Modes = [SignalMode.Monitored, SignalMode.LowLatency, SignalMode.Adaptive];

    [Fact]
    public async Task A_million_flips_under_traffic_lose_no_packet_and_no_wakeup()
    {
        using InMemoryVmBus bus = new();
        using InMemoryChannel memory = bus.CreateChannel(new InMemoryChannelOptions { GuestToHostSize = 16 << 10 });
        using VmBusChannel guest = memory.Guest.Open();
        using VmBusChannel host = memory.Host.Open();
        using CancellationTokenSource watchdog = new(2 * Patience.Limit);

        // Bursts with silence between them: in the silence no later message comes to the rescue of a lost wakeup.
        long sent = 0;
        long flipped = 0;
        Task guestTask = Task.Factory.StartNew(
            () =>
            {
                Random random = new(1);
                while (Volatile.Read(ref flipped) < Flips)
                {
                    for (int burst = random.Next(1, 40); burst > 0; burst--)
                        Send(guest, sent++, (Urgency)random.Next(3), watchdog.Token);
                    AwaitAnswer(guest, sent, watchdog.Token);
                }

                Send(guest, -1, Urgency.Relaxed, watchdog.Token);
            },
            watchdog.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task hostTask = Task.Factory.StartNew(() => Answer(host, watchdog.Token), watchdog.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task flipTask = Task.Factory.StartNew(
            () =>
            {
                Random random = new(2);
                while (flipped < Flips && !watchdog.IsCancellationRequested)
                {
                    guest.SignalMode = Modes[random.Next(Modes.Length)];
                    Volatile.Write(ref flipped, flipped + 1);
                    if (random.Next(64) == 0)
                        Thread.Yield();
                }
            },
            watchdog.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        await Task.WhenAll(guestTask, hostTask, flipTask).WaitAsync(3 * Patience.Limit);
        SignalStatistics signals = guest.GetStatistics().Signals;
        Assert.Equal(Flips, flipped);
        Assert.True(sent > 0 && signals.Monitored > 0 && signals.Hypercalls > 0, $"{sent} messages, {signals}: the flips met no traffic");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_million_flips_in_steps_lose_nothing_and_go_the_same_way_twice(int seed)
    {
        string first = Simulate(seed);
        Assert.Equal(first, Simulate(seed));
    }

    /// <summary>
    /// Random steps: flip, send, let time pass, let the host run if it was signalled. After two windows in which nothing is
    /// sent the host must have been signalled for all that is in the ring.
    /// </summary>
    private static string Simulate(int seed)
    {
        FakeTimeProvider clock = new();
        using InMemoryVmBus bus = new(new InMemoryVmBusOptions
        {
            Hypervisor = new HypervisorOptions { Clock = clock, MonitorScan = MonitorScan.Stepped, SharedMemory = false },
        });
        using InMemoryChannel memory = bus.CreateChannel(new InMemoryChannelOptions { GuestToHostSize = 4 << 10 });
        using VmBusChannel guest = memory.Guest.Open(clock: clock);
        using VmBusChannel host = memory.Host.Open(clock: clock);
        Random random = new(seed);
        byte[] payload = new byte[24];
        long sent = 0;
        long read = 0;
        for (int flips = 0; flips < Flips;)
        {
            switch (random.Next(8))
            {
                case 0 or 1 or 2 or 3:
                    guest.SignalMode = Modes[random.Next(Modes.Length)];
                    flips++;
                    break;
                case 4 or 5:
                    BinaryPrimitives.WriteInt64LittleEndian(payload, sent);
                    if (guest.TrySend(payload, urgency: (Urgency)random.Next(3)))
                        sent++;
                    break;
                case 6:
                    clock.Advance(TimeSpan.FromTicks(random.Next(1, 400)));
                    break;
                default:
                    read = RunIfSignalled(host, memory, read, random.Next(1, 8));
                    break;
            }

            if (random.Next(512) != 0)
                continue;
            clock.Advance(TimeSpan.FromMicroseconds(200));
            while (host.Incoming.HasPackets && memory.Host.Gate.IsSet)
                read = RunIfSignalled(host, memory, read, int.MaxValue);
            if (read != sent)
                Assert.Fail($"seed {seed}, after {flips} flips: {sent - read} packets lie in the ring and nobody told the host");
        }

        return $"{sent} {read} {guest.GetStatistics()}";
    }

    /// <summary>The host as the protocol has it: woken only by a signal, masks, drains, unmasks, looks again.</summary>
    private static long RunIfSignalled(VmBusChannel host, InMemoryChannel memory, long read, int most)
    {
        if (!memory.Host.Gate.TryConsume())
            return read;
        do
        {
            host.Incoming.MaskInterrupt();
            using ChannelReadBatch batch = host.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
            {
                Assert.Equal(read, BinaryPrimitives.ReadInt64LittleEndian(packet.Payload));
                read++;
                if (--most == 0)
                    break;
            }

            batch.Commit();
        }
        while (most > 0 && host.Incoming.UnmaskInterrupt());

        // A host that was interrupted in its work comes back to it by itself: it is still awake.
        if (most <= 0)
            memory.Host.Gate.Set();
        return read;
    }

    private static void Send(VmBusChannel guest, long number, Urgency urgency, CancellationToken cancellationToken)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(payload, number);
        while (!guest.TrySend(payload, urgency: urgency))
            Assert.True(guest.WaitToWrite(payload.Length, Patience.Limit, cancellationToken), $"no room for message {number}");
    }

    private static void AwaitAnswer(VmBusChannel guest, long wanted, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            Assert.True(guest.WaitToRead(Patience.Limit - Stopwatch.GetElapsedTime(start), cancellationToken), $"no answer after {wanted} messages: a packet or a wakeup was lost");
            long answered = -1;
            using ChannelReadBatch batch = guest.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
                answered = BinaryPrimitives.ReadInt64LittleEndian(packet.Payload);
            batch.Commit();
            if (answered == wanted)
                return;
        }
    }

    /// <summary>Reads in order; after each drain answers with how many messages there were so far.</summary>
    private static void Answer(VmBusChannel host, CancellationToken cancellationToken)
    {
        long read = 0;
        while (true)
        {
            Assert.True(host.WaitToRead(Patience.Limit, cancellationToken), $"nothing came after {read} messages: a packet or a wakeup was lost");
            using (ChannelReadBatch batch = host.ReadBatch())
            {
                while (batch.TryNext(out RingPacket packet))
                {
                    long number = BinaryPrimitives.ReadInt64LittleEndian(packet.Payload);
                    if (number == -1)
                        return;
                    Assert.Equal(read, number);
                    read++;
                }

                batch.Commit();
            }

            Send(host, read, Urgency.Urgent, cancellationToken);
        }
    }
}
