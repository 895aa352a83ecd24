using VmBus.Guests;
using VmBus.InMemory;
using VmBus.Protocol;
using VmBus.Testing;

namespace VmBus.Devices.Tests.Kit;

public class MessageTapTests
{
    private static readonly HostOffer Offer = new(new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a81"), new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a82"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tap_that_lets_all_pass_changes_nothing_and_sees_everything()
    {
        await using InMemoryMachine machine = await MachineAsync();
        var tap = new MessageTap(message => [message]);
        await using (GuestBus guest = await tap.ConnectAsync(machine, cancellationToken: Token))
        {
            await using VmBusChannel channel = await OpenAsync(guest);
            using ReceivedPacket answer = await channel.RequestAsync("question"u8.ToArray(), cancellationToken: Token);
            Assert.Equal("question"u8, answer.Payload.Span);
        }
        Assert.Equal(
            ["InitiateContact", "VersionResponse", "RequestOffers", "OfferChannel", "AllOffersDelivered", "GpadlHeader", "GpadlCreated", "OpenChannel", "OpenChannelResult",
                "CloseChannel", "GpadlTeardown", "GpadlTorndown", "Unload", "UnloadResponse"],
            tap.Sent.Select(message => message.Name).Where(name => name != "GpadlBody"));
        Assert.Equal(tap.Sent, tap.Delivered);
        Assert.Contains("sent host -> guest  OfferChannel: ", tap.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_an_open_is_given_up()
    {
        await using SteppedMachine machine = await SteppedAsync();
        var tap = new MessageTap(message => message.Name == "OpenChannelResult" ? [] : [message]);
        GuestBus guest = await tap.ConnectAsync(machine.Machine, cancellationToken: Token);
        Task<VmBusChannel> open = OpenAsync(guest);
        await machine.UntilAsync(() => tap.Sent.Any(message => message.Name == "OpenChannelResult"), Token);
        await machine.AdvanceUntilAsync(() => open.IsCompleted, TimeSpan.FromSeconds(5), Token);
        GuestBusException given = await Assert.ThrowsAsync<GuestBusException>(() => open);
        Assert.Equal(GuestBusError.TimedOut, given.Error);
        Assert.DoesNotContain(tap.Delivered, message => message.Name == "OpenChannelResult");
    }

    [Fact]
    public async Task A_host_that_refuses_says_so_by_an_altered_status()
    {
        await using SteppedMachine machine = await SteppedAsync();
        var tap = new MessageTap(message => [message.Name == "OpenChannelResult" ? message.WithUInt32(16, 0xC0000001) : message]);
        GuestBus guest = await tap.ConnectAsync(machine.Machine, cancellationToken: Token);
        Task<VmBusChannel> open = OpenAsync(guest);
        await machine.UntilAsync(() => tap.Sent.Any(message => message.Name == "OpenChannelResult"), Token);
        // The host, for which the channel is open, does not take the GPADL back; the guest waits for that in vain.
        await machine.AdvanceUntilAsync(() => open.IsCompleted, TimeSpan.FromSeconds(5), Token);
        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(() => open);
        Assert.Equal(GuestBusError.Refused, refused.Error);
    }

    [Fact]
    public async Task A_message_of_the_tests_own_reaches_the_end_that_it_is_for()
    {
        await using InMemoryMachine machine = await MachineAsync();
        var tap = new MessageTap(message => [message]);
        GuestBus guest = await tap.ConnectAsync(machine, cancellationToken: Token);
        VmBusChannel channel = await OpenAsync(guest);
        // A rescind of relid 1 that the host knows nothing of.
        Assert.True(tap.Inject(new TestMessage(MessageDirection.HostToGuest, new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0 })));
        await channel.Completion.WaitAsync(Patience.Limit, Token);
        Assert.False(tap.Inject(new TestMessage(MessageDirection.GuestToHost, new byte[241])));
        await channel.DisposeAsync();
        await guest.DisposeAsync();
        Assert.False(tap.Inject(new TestMessage(MessageDirection.HostToGuest, new byte[8])));
    }

    // Both ends are hostile to each other: neither throws anything but its own errors, neither hangs, and the next guest is served.
    [Fact]
    public async Task Hostile_messages_leave_a_host_that_serves_the_next_guest()
    {
        int opened = 0, failed = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            await using InMemoryMachine machine = await MachineAsync();
            var hostile = new HostileMessages(seed) { Percentage = seed % 3 == 0 ? 60 : 10 };
            var tap = new MessageTap(hostile.Deliver);
            try
            {
                await using GuestBus guest = await tap.ConnectAsync(machine, new() { ResponseTimeout = TimeSpan.FromMilliseconds(50) }, Token).WaitAsync(Patience.Limit, Token);
                foreach (GuestOffer offer in await guest.RequestOffersAsync(Token).WaitAsync(Patience.Limit, Token))
                {
                    await using VmBusChannel channel = await guest.OpenAsync(offer, null, Token).WaitAsync(Patience.Limit, Token);
                    opened++;
                }
            }
            catch (VmBusException)
            {
                failed++;
            }
            catch (Exception other)
            {
                Assert.Fail($"{hostile}: {other}");
            }
            try
            {
                await using GuestBus honest = await machine.ConnectAsync(cancellationToken: Token).WaitAsync(Patience.Limit, Token);
                await using VmBusChannel channel = await OpenAsync(honest).WaitAsync(Patience.Limit, Token);
                using ReceivedPacket answer = await channel.RequestAsync("question"u8.ToArray(), cancellationToken: Token).AsTask().WaitAsync(Patience.Limit, Token);
                Assert.Equal("question"u8, answer.Payload.Span);
            }
            catch (Exception harmed)
            {
                Assert.Fail($"{hostile}: the next guest: {harmed}\n{tap}");
            }
        }
        // Hostile enough to fail, and not so hostile that nothing gets far.
        Assert.True(opened > 0 && failed > 0, $"{opened} channels opened, {failed} connections failed");
    }

    [Fact]
    public void The_same_seed_makes_the_same_messages_and_all_kinds_of_them()
    {
        var one = new HostileMessages(7);
        var other = new HostileMessages(7);
        TestMessage[] made = [.. Enumerable.Range(0, 2000).Select(number => one.Next((MessageDirection)(number % 2)))];
        Assert.Equal(made, Enumerable.Range(0, 2000).Select(number => other.Next((MessageDirection)(number % 2))));
        Assert.True(made.Select(message => message.Name).Distinct().Count() > 29, "every type, and unknown ones");
        Assert.Contains(made, message => message.Bytes.Length < 8);
        foreach (TestMessage message in made)
            Assert.Equal(one.Deliver(message), other.Deliver(message));
        Assert.Equal(one.ToString(), other.ToString());
        Assert.StartsWith("(seed 7) ", one.ToString(), StringComparison.Ordinal);
    }

    private static async Task<SteppedMachine> SteppedAsync()
    {
        var machine = new SteppedMachine { Patience = Patience.Limit };
        await machine.Machine.Host.OfferAsync(Offer, new EchoDevice());
        return machine;
    }

    private static async Task<InMemoryMachine> MachineAsync()
    {
        var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(Offer, new EchoDevice());
        return machine;
    }

    private static async Task<VmBusChannel> OpenAsync(GuestBus guest) =>
        await guest.OpenAsync(await guest.WaitForOfferAsync(Offer.InterfaceType, Offer.InterfaceInstance, cancellationToken: Token), null, Token);
}
