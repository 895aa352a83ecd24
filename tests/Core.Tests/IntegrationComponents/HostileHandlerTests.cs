using VmBus.Core.Tests.Channels;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>
/// Every handler that a guest's component takes: one that throws, ends what it runs in, or calls the component again. The run
/// ends as documented, on a thread of its own or none, and no file stays open.
/// </summary>
public sealed class HostileHandlerTests : IDisposable
{
    private readonly ChannelPair _channels = new(trust: PeerTrust.Untrusted, dataSize: 16384);

    public static TheoryData<string, bool> Handlers
    {
        get
        {
            var all = new TheoryData<string, bool>();
            foreach (string handler in ScriptedHandler.All.Keys)
            {
                all.Add(handler, false);
                all.Add(handler, true);
            }

            return all;
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _channels.Dispose();

    [Theory]
    [MemberData(nameof(Handlers))]
    public async Task What_a_handler_throws_comes_out_of_the_run(string handler, bool blocking)
    {
        var thrown = new InvalidTimeZoneException("Nobody expects this.");
        ScriptedHandler rig = ScriptedHandler.All[handler](() => throw thrown);
        Assert.Same(thrown, await RunAsync(rig, blocking, Token));
        Assert.Equal((0, ChannelState.Open), (rig.Shelf.Open, _channels.Right.State));
    }

    [Theory]
    [MemberData(nameof(Handlers))]
    public async Task A_handler_may_close_the_channel_it_is_called_over(string handler, bool blocking)
    {
        ScriptedHandler rig = ScriptedHandler.All[handler](_channels.Right.Dispose);
        Assert.Null(await RunAsync(rig, blocking, Token));
        Assert.Equal((0, ChannelState.Closed), (rig.Shelf.Open, _channels.Right.State));
    }

    [Theory]
    [MemberData(nameof(Handlers))]
    public async Task A_handler_may_cancel_the_run_it_is_called_in(string handler, bool blocking)
    {
        using var cancel = new CancellationTokenSource();
        ScriptedHandler rig = ScriptedHandler.All[handler](cancel.Cancel);
        Assert.IsAssignableFrom<OperationCanceledException>(await RunAsync(rig, blocking, cancel.Token));
        Assert.Equal((0, ChannelState.Open), (rig.Shelf.Open, _channels.Right.State));
    }

    [Theory]
    [MemberData(nameof(Handlers))]
    public async Task A_handler_may_call_its_component_again(string handler, bool blocking)
    {
        using var cancel = new CancellationTokenSource();
        ScriptedHandler? rig = null;
        byte[] answer = new byte[8192];
        int calls = 0;
        rig = ScriptedHandler.All[handler](() =>
        {
            if (++calls > 1)
                return;
            // What a careless user could do: give up what is under way, and start over.
            rig!.Guest.Close();
            rig.Guest.DoWhatIsDue();
            rig.Guest.AnswerSent();
            rig.Guest.Handle(Conversation.Offer([new(3, 0)], [new(1, 1)]), answer);
            cancel.Cancel();
        });
        Assert.IsAssignableFrom<OperationCanceledException>(await RunAsync(rig, blocking, cancel.Token));
        Assert.Equal((0, ChannelState.Open), (rig.Shelf.Open, _channels.Right.State));
        Assert.True(calls >= 1);
    }

    [Fact]
    public void A_copy_is_given_up_at_the_close_though_who_is_told_of_the_one_before_throws()
    {
        var shelf = new FileShelf();
        FileCopyGuest guest = new FileCopyGuest(shelf, null, static _ => throw new InvalidTimeZoneException("Nobody expects this.")).Negotiated();
        byte[] answer = new byte[8192];
        foreach (byte[] body in (byte[][])[FileCopyMessages.Start("f", "", 0), FileCopyMessages.Complete, FileCopyMessages.Start("g", "", 9000)])
            Assert.True(guest.Handle(Conversation.Packet(IcMessageType.FileCopy, body), answer) > 0);
        Assert.Equal(1, shelf.Open);
        Assert.Throws<InvalidTimeZoneException>(guest.Close);
        Assert.Equal(0, shelf.Open);
    }

    // How the guest's side ended; the host's, which asks, ends with it or is told to.
    private async Task<Exception?> RunAsync(ScriptedHandler rig, bool blocking, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var service = new IntegrationHostService<IntegrationHost>(_channels.Left, rig.Host);
        Task host = service.RunAsync(stop.Token);
        Task run = blocking
            ? Task.Factory.StartNew(() => rig.Guest.Run(_channels.Right, cancellationToken: cancellationToken), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : rig.Guest.RunAsync(_channels.Right, cancellationToken: cancellationToken);
        Task asked = service.Use(rig.Ask);
        Exception? end = await Record.ExceptionAsync(() => run.WaitAsync(Patience.Limit, Token));
        Assert.IsNotType<TimeoutException>(end);
        await stop.CancelAsync();
        await host.WaitAsync(Patience.Limit, Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Answered, or told that nothing more will come.
        await asked.WaitAsync(Patience.Limit, Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.True(asked.IsCompleted);
        return end;
    }
}
