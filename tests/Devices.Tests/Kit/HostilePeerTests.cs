using VmBus.Testing;

namespace VmBus.Devices.Tests.Kit;

public class HostilePeerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_seed_does_the_same() => Assert.Equal(await DoAsync(12), await DoAsync(12));

    [Fact]
    public async Task Another_seed_does_something_else() => Assert.NotEqual(await DoAsync(12), await DoAsync(13));

    [Fact]
    public async Task Within_some_lives_it_sends_every_kind_and_spoils_a_channel()
    {
        List<string> did = [];
        int faults = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            await using var machine = new SteppedMachine { Patience = Patience.Limit };
            bool hasFaulted = false;
            machine.Machine.Host.DeviceFailed += (_, failed) => Volatile.Write(ref hasFaulted, failed.Exception is RingCorruptException);
            using VmBusChannel channel = await machine.OpenAsync(new EchoDevice(), cancellationToken: Token);
            var peer = new HostilePeer(seed);
            for (int i = 0; i < 4; i++)
                peer.Send(channel);
            peer.Spoil(channel);
            did.Add(peer.ToString());
            if (did[^1].EndsWith("write index 0xffffffff", StringComparison.Ordinal))
            {
                await machine.UntilAsync(() => Volatile.Read(ref hasFaulted), Token);
                faults++;
            }
            HostilePeer.Drain(channel);
        }
        Assert.All(
            ["in-band", "request", "completion", "pages by address", "transfer pages", "write index", "read index", "interrupt mask", "pending send size", "descriptor"],
            kind => Assert.Contains(did, what => what.Contains(kind, StringComparison.Ordinal)));
        Assert.True(faults > 0);
    }

    private static async Task<string> DoAsync(int seed)
    {
        await using var machine = new SteppedMachine();
        using VmBusChannel channel = await machine.OpenAsync(new EchoDevice(), cancellationToken: Token);
        channel.SignalMode = SignalMode.Monitored;      // the device sleeps: the clock is at rest
        var peer = new HostilePeer(seed);
        for (int i = 0; i < 8; i++)
            Assert.True(peer.Send(channel));
        return peer.ToString();
    }
}
