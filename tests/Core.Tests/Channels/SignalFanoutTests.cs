using VmBus.Core.Tests.Signals;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>One signal, several who wait: whoever takes it, each of them looks again.</summary>
public class SignalFanoutTests
{
    [Fact]
    public void A_signal_taken_by_another_since_the_ticket_ends_the_wait_at_once()
    {
        using var gate = new Gate();
        var fanout = new SignalFanout(gate);
        long ticket = fanout.Ticket;

        // Another took its ticket, waited, and got the signal; it waits again, so somebody leads.
        gate.Signal();
        Assert.True(fanout.Wait(fanout.Ticket, Patience.Limit, CancellationToken.None));
        Task leader = fanout.WaitAsync(fanout.Ticket, CancellationToken.None).AsTask();
        Assert.False(leader.IsCompleted);

        Assert.True(fanout.Wait(ticket, Patience.Limit, CancellationToken.None));
        Assert.True(fanout.WaitAsync(ticket, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        Assert.False(leader.IsCompleted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task One_signal_wakes_all_who_wait(int followers)
    {
        using var gate = new Gate();
        var fanout = new SignalFanout(gate);
        for (int round = 1; round <= 3; round++)
        {
            Task[] waits = [.. Enumerable.Range(0, followers + 1).Select(_ => fanout.WaitAsync(fanout.Ticket, CancellationToken.None).AsTask())];
            Assert.All(waits, wait => Assert.False(wait.IsCompleted));
            gate.Signal();
            await Task.WhenAll(waits).WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
            Assert.Equal(round, fanout.Signals);
        }
    }

    [Fact]
    public async Task When_the_one_who_leads_gives_up_another_takes_over()
    {
        using var gate = new Gate();
        var fanout = new SignalFanout(gate);
        using var cancel = new CancellationTokenSource();
        Task leader = fanout.WaitAsync(fanout.Ticket, cancel.Token).AsTask();
        Task follower = LookUntilSignalled();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader);
        Assert.False(follower.IsCompleted);
        gate.Signal();
        await follower.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.Equal(1, fanout.Signals);

        async Task LookUntilSignalled()
        {
            while (fanout.Signals == 0)
                await fanout.WaitAsync(fanout.Ticket, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_follower_out_of_time_leaves_nothing_behind_for_the_next()
    {
        using var gate = new Gate();
        var fanout = new SignalFanout(gate);
        Task leader = fanout.WaitAsync(fanout.Ticket, CancellationToken.None).AsTask();
        for (int i = 0; i < 3; i++)
            Assert.False(fanout.Wait(fanout.Ticket, TimeSpan.Zero, CancellationToken.None));

        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        Assert.ThrowsAny<OperationCanceledException>(() => fanout.Wait(fanout.Ticket, Patience.Limit, cancelled.Token));
        gate.Signal();
        await leader.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        leader = fanout.WaitAsync(fanout.Ticket, CancellationToken.None).AsTask();
        Assert.False(fanout.Wait(fanout.Ticket, TimeSpan.Zero, CancellationToken.None));
        Assert.False(leader.IsCompleted);
        gate.Signal();
        await leader.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
    }

    // Law: who is woken finds another ticket. A wake-up that came as the time was up must not be there for the next wait.
    [Fact]
    public void A_follower_woken_as_its_time_is_up_leaves_nothing_behind_for_the_next()
    {
        const int Signals = 15_000;
        using var gate = new Gate();
        var fanout = new SignalFanout(gate);
        Background leading = Background.Run(() =>
        {
            while (fanout.Signals < Signals)
                fanout.Wait(fanout.Ticket, Patience.Limit, CancellationToken.None);
        });
        Background signalling = Background.Run(() =>
        {
            while (!leading.IsEnded)
                gate.Signal();
        });
        while (!leading.IsEnded)
        {
            long ticket = fanout.Ticket;
            Assert.True(!fanout.Wait(ticket, TimeSpan.Zero, CancellationToken.None) || fanout.Ticket != ticket, "Woken by a signal that another wait has had.");
        }

        leading.Join();
        signalling.Join();
    }

    [Fact]
    public async Task A_peer_that_goes_is_noticed_by_all_who_wait()
    {
        using var gate = new Gate();
        var fanout = new SignalFanout(gate);
        Task[] waits = [.. Enumerable.Range(0, 3).Select(_ => LookForEver())];
        gate.Disconnect("gone");
        foreach (Task wait in waits)
            await Assert.ThrowsAsync<PeerDisconnectedException>(() => wait.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal(0, fanout.Signals);

        async Task LookForEver()
        {
            while (true)
                await fanout.WaitAsync(fanout.Ticket, CancellationToken.None);
        }
    }
}
