using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>A machine for one test, which leaves nothing behind: relids, monitors, GPADLs, pages, mappings, failures.</summary>
internal sealed class BusFixture : IAsyncDisposable
{
    public BusFixture(InMemoryMachineOptions? options = null) => Machine = new InMemoryMachine(options);

    public InMemoryMachine Machine { get; }

    public HostBus Host => Machine.Host;

    /// <summary>A guest that gives no request up: on a busy machine the host may need longer than a real guest waits.</summary>
    public static GuestBusOptions Patient => new() { Protocol = new GuestProtocolOptions { ResponseTimeout = Patience.Limit } };

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public Task<GuestBus> ConnectAsync() => Machine.ConnectAsync(Patient, Token);

    /// <summary>
    /// Sends packets and takes each one back before the next. Each needs a signal: before it is sent, the host waits for one,
    /// where on a busy machine it may still be about to look for more.
    /// </summary>
    public static async Task PingAsync(VmBusChannel channel, int packets, int length = 100)
    {
        RingControl toHost = ((GuestChannel)channel.Owner!).Loan.Rings.Outgoing.Control;
        byte[] payload = new byte[length];
        for (int i = 0; i < packets; i++)
        {
            payload.AsSpan().Fill((byte)i);
            Background.Until(() => toHost.LoadInterruptMask() == 0, "the host waits");
            Assert.True(channel.TrySend(payload, (ulong)i));
            await channel.WaitToReadAsync(Token).AsTask().WaitAsync(Patience.Limit, Token);
            Take(channel, i, payload);
        }
    }

    public async ValueTask DisposeAsync()
    {
        HostBusStatistics end = await Host.GetStatisticsAsync();
        await Machine.DisposeAsync();
        Assert.Null(Host.Failure);
        Assert.Equal((0, 0, 0, 0L, 0), (end.Relids, end.Monitors, end.Gpadls, end.GpadlPages, end.OpenChannels));
        Assert.Equal((0, 0), (Machine.GuestPartition.Memory.AllocatedPages, Machine.GuestPartition.Memory.MappedRings));
    }

    private static void Take(VmBusChannel channel, int i, byte[] payload)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        Assert.True(batch.TryNext(out RingPacket packet));
        Assert.Equal((ulong)i, packet.TransactionId);
        Assert.True(packet.Payload[..payload.Length].SequenceEqual(payload));
        batch.Commit();
    }
}
