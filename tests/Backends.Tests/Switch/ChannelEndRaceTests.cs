using System.Runtime.Versioning;
using VmBus.Backends.Tests.Bus;
using VmBus.Backends.Tests.Linux;
using VmBus.Backends.Tests.Shared;
using VmBus.Guests;
using VmBus.Layout;
using VmBus.Linux;
using VmBus.Protocol;
using VmBus.Testing;

namespace VmBus.Backends.Tests.Switch;

/// <summary>
/// An end is closed while other threads send, read and wait on it. Each of them finds the end; none touches memory that is
/// gone, which would end this process.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class ChannelEndRaceTests : UioFixture
{
    private const int Rounds = 300;

    public static TheoryData<SignalMode, bool> Forms => new()
    {
        { SignalMode.Monitored, false }, { SignalMode.LowLatency, false }, { SignalMode.Adaptive, true },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void In_memory_without_the_protocol(SignalMode mode, bool multiProducer)
    {
        for (int round = 0; round < Rounds; round++)
        {
            using var bus = new InMemoryVmBus(new() { GuestMemorySize = 1 << 20 });
            InMemoryChannel channel = bus.CreateChannel(new() { GuestToHostSize = 4096, HostToGuestSize = 4096 });
            VmBusChannel guest = channel.Guest.Open(PeerTrust.Trusted, multiProducer), host = channel.Host.Open(PeerTrust.Untrusted, multiProducer);
            guest.SignalMode = mode;
            Close(round, [guest, host], multiProducer, round % 2 == 0 ? channel.Dispose : bus.Dispose);
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task In_memory_by_the_protocol(SignalMode mode, bool multiProducer)
    {
        for (int round = 0; round < Rounds / 3; round++)
        {
            var fixture = new BusFixture();
            await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            GuestBus bus = await fixture.Machine.ConnectAsync(cancellationToken: BusFixture.Token);
            GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
            GuestChannel channel = await bus.OpenChannelAsync(offer, new() { MultiProducer = multiProducer }, BusFixture.Token);
            channel.Channel.SignalMode = mode;
            await CloseAsync(round, [channel.Channel], multiProducer, () => round % 2 == 0 ? channel.CloseAsync() : bus.DisposeAsync().AsTask());
            await bus.DisposeAsync();
            await fixture.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    public void Between_processes(SignalMode mode)
    {
        OpenResources before = OpenResources.Count();
        for (int round = 0; round < Rounds; round++)
        {
            using var pair = new SharedPair(new() { RingSize = 4096 });
            pair.Guest.Channel.SignalMode = mode;
            Close(round, [pair.Guest.Channel, pair.Host.Channel], false, pair.Dispose);
        }

        before.AssertUnchanged();
    }

    [Theory]
    [InlineData(Monitor)]
    [InlineData(null)]
    public void Over_uio(int? monitor)
    {
        for (int round = 0; round < Rounds / 3; round++)
        {
            UioStandIn standIn = Make(monitor);
            UioDevice device = standIn.Open();
            Close(round, [device.Primary.Channel], false, round % 3 == 0 ? device.Dispose : () =>
            {
                if (round % 3 == 1)
                    standIn.Rescind();
                device.Dispose();
            });
            device.Dispose();
        }
    }

    // Every channel is written, read and waited on by threads of its own until they find its end.
    private static void Close(int round, VmBusChannel[] channels, bool multiProducer, Action close) =>
        CloseAsync(round, channels, multiProducer, () =>
        {
            close();
            return Task.CompletedTask;
        }).GetAwaiter().GetResult();

    private static async Task CloseAsync(int round, VmBusChannel[] channels, bool multiProducer, Func<Task> close)
    {
        int producers = multiProducer ? 2 : 1;
        using var running = new CountdownEvent(channels.Length * (producers + 1));
        var threads = new List<Background>();
        foreach (VmBusChannel channel in channels)
        {
            for (int producer = 0; producer < producers; producer++)
                threads.Add(Background.Run(() => UntilEnd(channel, running, i => Send(channel, i))));
            threads.Add(Background.Run(() => UntilEnd(channel, running, _ => Read(channel))));
        }

        running.Wait(BusFixture.Token);
        Thread.SpinWait(round * 7 % 2000);
        await close();
        foreach (VmBusChannel channel in channels)
            channel.Dispose();
        foreach (Background thread in threads)
            thread.Join();
        foreach (VmBusChannel channel in channels)
        {
            Assert.Equal(ChannelState.Closed, channel.State);
            Assert.Null(channel.CorruptionError);
            Assert.Throws<ObjectDisposedException>(() => channel.TrySend([1]));
            Assert.Throws<ObjectDisposedException>(() => channel.WaitToRead(TimeSpan.Zero));
        }
    }

    private static void UntilEnd(VmBusChannel channel, CountdownEvent running, Action<int> use)
    {
        running.Signal();
        try
        {
            for (int i = 0; ; i++)
                use(i);
        }
        catch (ObjectDisposedException)
        {
            Assert.Equal(ChannelState.Closed, channel.State);
        }
    }

    private static void Send(VmBusChannel channel, int i)
    {
        Span<byte> payload = stackalloc byte[i % 400];
        payload.Clear();
        if (i % 3 == 0)
        {
            using ChannelWriteBatch batch = channel.BeginBatch();
            while (batch.TryAdd(payload, (ulong)i) && i++ % 20 != 0)
            {
            }

            batch.Commit(i % 2 == 0 ? Urgency.Urgent : Urgency.Normal);
        }
        else if (!channel.TrySend(payload, (ulong)i, PacketFlags.CompletionRequested, (Urgency)(i % 2)) && i % 2 == 0)
        {
            channel.WaitToWrite(payload.Length, TimeSpan.FromMicroseconds(i % 50));
        }
    }

    private static void Read(VmBusChannel channel)
    {
        if (!channel.WaitToRead(TimeSpan.FromMicroseconds(20)))
            return;
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
        {
            long sum = 0;
            foreach (byte one in packet.Payload)
                sum += one;
            Assert.Equal(0, sum);
        }

        batch.Commit();
    }
}
