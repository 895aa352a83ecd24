using VmBus.Testing;

namespace VmBus.Devices.Tests.Kit;

public class ChannelPairTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_ends_of_a_pair_are_open_and_end_with_it()
    {
        ChannelPair pair = await ChannelPair.OpenAsync(new() { OutgoingSize = 8192, SignalMode = SignalMode.LowLatency }, cancellationToken: Token);
        await using (pair)
        {
            Assert.Equal(8192, pair.Guest.Outgoing.Memory.DataSize);
            Assert.Equal((true, SignalMode.LowLatency), (pair.Guest.HasMonitor, pair.Guest.SignalMode));
            Assert.True(pair.Guest.TrySend("there"u8));
            Assert.Equal("there\0\0\0"u8, Next(pair.Host));
            Assert.True(pair.Host.TrySend("and back"u8));
            Assert.Equal("and back"u8, Next(pair.Guest));
        }
        Assert.Equal((ChannelState.Closed, ChannelState.Closed), (pair.Guest.State, pair.Host.State));
    }

    [Fact]
    public async Task A_cancelled_open_leaves_nothing() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ChannelPair.OpenAsync(cancellationToken: new CancellationToken(true)));

    private static byte[] Next(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        Assert.True(batch.TryNext(out RingPacket packet));
        byte[] payload = packet.Payload.ToArray();
        batch.Commit();
        return payload;
    }
}
