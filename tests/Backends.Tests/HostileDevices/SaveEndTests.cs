using VmBus.Hosting;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>A save and a dispose that come while the bus is at work: both wait for its loop, and one of them is too late.</summary>
public sealed class SaveEndTests
{
    [Theory]
    [InlineData("save")]
    [InlineData("dispose")]
    public async Task A_save_beside_a_dispose_is_refused_and_the_dispose_is_whole(string first)
    {
        using var goOn = new ManualResetEventSlim();
        var observer = new BlockingObserver(goOn);
        await using DeviceFixture fixture = await StartAsync(new HostBusOptions { Observer = observer });
        observer.IsBlocking = true;
        Background posting = Background.Run(() => fixture.Guest.Post(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers)));
        Background.Until(() => observer.IsHolding, "the loop is held");

        Task<byte[]>? save = null;
        if (first == "save")
            save = fixture.Host.SaveAsync();
        Task disposed = fixture.Host.DisposeAsync().AsTask();
        Exception? refused = save is null ? await Record.ExceptionAsync(() => fixture.Host.SaveAsync()) : null;
        Assert.False(disposed.IsCompleted);
        observer.IsBlocking = false;
        goOn.Set();
        posting.Join();
        await Soon(disposed);
        Assert.IsType<ObjectDisposedException>(refused ?? await Record.ExceptionAsync(() => Soon(save!)));
        Assert.Null(fixture.Host.Failure);
        Assert.Equal(0, (await fixture.Host.GetStatisticsAsync()).OpenChannels);
    }
}
