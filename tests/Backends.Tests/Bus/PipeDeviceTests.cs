using VmBus.Devices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Pipes;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>A pipe that a host offers, opened by a guest over the protocol.</summary>
public sealed class PipeDeviceTests
{
    [Fact]
    public async Task Each_open_is_a_stream_that_ends_with_it()
    {
        await using var fixture = new BusFixture();
        var ends = new List<bool>();
        await fixture.Host.OfferAsync(PipeDevice.Offer(), new PipeDevice(async (pipe, _) =>
        {
            Assert.Equal(PipeMode.Byte, pipe.Mode);
            await pipe.CopyToAsync(pipe, CancellationToken.None);
            ends.Add(pipe.PeerCompletedWriting);
        }));
        await using GuestBus bus = await fixture.ConnectAsync();
        GuestOffer offer = Assert.Single(await bus.RequestOffersAsync(BusFixture.Token));
        Assert.Equal((PipeDevice.InterfaceType, PipeDevice.InterfaceInstance, PipeMode.Byte), (offer.InterfaceType, offer.InterfaceInstance, offer.PipeMode));
        Assert.True(offer.Flags.HasFlag(OfferFlags.NamedPipeMode));
        for (byte round = 1; round <= 3; round++)
        {
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
            var guest = new PipeStream(channel.Channel, offer.PipeMode!.Value, leaveOpen: true);
            byte[] sent = [round, 2, 3], got = new byte[3];
            await guest.WriteAsync(sent, BusFixture.Token);
            await guest.ReadExactlyAsync(got, BusFixture.Token).AsTask().WaitAsync(Patience.Limit, BusFixture.Token);
            Assert.Equal(sent, got);
        }
        Assert.Equal([false, false, false], ends);
    }

    [Fact]
    public async Task A_service_that_ends_early_says_the_end_and_one_of_messages_has_messages()
    {
        await using var fixture = new BusFixture();
        await fixture.Host.OfferAsync(PipeDevice.Offer(mode: PipeMode.Message), new PipeDevice(async (pipe, _) => await pipe.WriteAsync("hello"u8.ToArray(), CancellationToken.None)));
        await fixture.Host.OfferAsync(PipeDevice.Offer(instance: Guid.NewGuid()), new PipeDevice(async (pipe, _) => await pipe.WriteAsync("bye"u8.ToArray(), CancellationToken.None)));
        await using GuestBus bus = await fixture.ConnectAsync();
        foreach (GuestOffer offer in await bus.RequestOffersAsync(BusFixture.Token))
        {
            await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
            var guest = new PipeStream(channel.Channel, offer.PipeMode!.Value, leaveOpen: true) { ReadTimeout = (int)Patience.Limit.TotalMilliseconds };
            byte[] got = new byte[100];
            if (offer.PipeMode == PipeMode.Message)
            {
                Assert.Equal(5, guest.Read(got));
                Assert.True(guest.IsMessageComplete);
            }
            else
            {
                Assert.Equal(3, guest.ReadAtLeast(got, 100, throwOnEndOfStream: false));
                Assert.True(guest.PeerCompletedWriting);
            }
        }
    }

    [Fact]
    public async Task A_channel_that_was_not_offered_as_a_pipe_is_not_served()
    {
        await using var fixture = new BusFixture();
        OfferedChannel offered = await fixture.Host.OfferAsync(EchoDevice.Offer(1), new PipeDevice((_, _) => Task.CompletedTask));
        await using GuestBus bus = await fixture.ConnectAsync();
        await using GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(BusFixture.Token)), cancellationToken: BusFixture.Token);
        Background.Until(() => offered.Failure is not null, "the service's failure");
        Assert.Equal("The channel was not offered as a pipe.", Assert.IsType<InvalidOperationException>(offered.Failure).Message);
    }

    [Fact]
    public async Task A_host_that_is_saved_does_not_say_the_end()
    {
        await using var fixture = new BusFixture();
        // Waits for nothing of the channel, so that nothing but the token tells it.
        await fixture.Host.OfferAsync(PipeDevice.Offer(), new PipeDevice((_, closing) => Task.Delay(Timeout.Infinite, closing)));
        await using GuestBus bus = await fixture.ConnectAsync();
        await using GuestChannel channel = await bus.OpenChannelAsync(Assert.Single(await bus.RequestOffersAsync(BusFixture.Token)), cancellationToken: BusFixture.Token);
        using var guest = new PipeStream(channel.Channel, leaveOpen: true) { ReadTimeout = (int)Patience.Limit.TotalMilliseconds };

        byte[] state = await fixture.Machine.SaveHostAsync().WaitAsync(Patience.Limit, BusFixture.Token);
        HostBus host = fixture.Machine.RestoreHost(state);
        await host.OfferAsync(PipeDevice.Offer(), new PipeDevice(async (pipe, _) =>
        {
            await pipe.WriteAsync("on"u8.ToArray(), CancellationToken.None);
            await pipe.CopyToAsync(Stream.Null, CancellationToken.None);
        }));
        await host.CompleteRestoreAsync();
        byte[] got = new byte[10];
        Assert.Equal(2, guest.Read(got));
    }
}
