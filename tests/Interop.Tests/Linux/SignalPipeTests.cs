namespace VmBus.Interop.Tests.Linux;

public class SignalPipeTests
{
    private const uint Nobody = 65534;

    [Fact]
    public void Signals_are_consumed_at_once_and_are_seen_by_who_adopted_the_pipe()
    {
        using SignalPipe ours = SignalPipe.Create();
        using SignalPipe theirs = Pass(ours);

        Assert.False(theirs.TryConsume());
        for (int i = 0; i < 5; i++)
            ours.Signal();
        Assert.Equal(PollEvents.In, Poll.Wait(theirs.Descriptor, PollEvents.In, TimeSpan.Zero));
        Assert.True(theirs.TryConsume());
        Assert.False(theirs.TryConsume());

        theirs.Signal();
        Assert.True(ours.TryConsume());
        Assert.Equal(PollEvents.None, Poll.Wait(ours.Descriptor, PollEvents.In, TimeSpan.Zero));
    }

    [Fact]
    public void A_full_pipe_is_signalled_and_one_look_takes_all()
    {
        using SignalPipe pipe = SignalPipe.Create();
        for (int i = 0; i < 100_000; i++)
            pipe.Signal();

        Assert.True(pipe.TryConsume());
        Assert.False(pipe.TryConsume());
    }

    // Each side has its own flags: those of what was sent are nobody's but the other's.
    [Fact]
    public void Whatever_is_done_to_the_descriptor_that_was_sent_neither_side_blocks()
    {
        using SignalPipe ours = SignalPipe.Create();
        using SignalPipe sent = ours.Lend();
        using SignalPipe theirs = SignalPipe.Adopt(TestLibc.Duplicate(sent.Descriptor));
        Assert.Equal(0, Libc.Fcntl(sent, Libc.FcntlSetStatusFlags, 0));

        // On a thread that may be left behind, should it block.
        Background.Run(() =>
        {
            Assert.False(ours.TryConsume());
            Assert.False(theirs.TryConsume());
            for (int i = 0; i < 10_000; i++)
            {
                ours.Signal();
                theirs.Signal();
            }
        }).Join();
    }

    [Fact]
    public void A_peer_that_closes_its_end_is_neither_an_end_nor_an_error()
    {
        using SignalPipe ours = SignalPipe.Create();
        Pass(ours).Dispose();

        Assert.False(ours.TryConsume());
        Assert.Equal(PollEvents.None, Poll.Wait(ours.Descriptor, PollEvents.In, TimeSpan.Zero));
        ours.Signal();
        Assert.True(ours.TryConsume());
    }

    [Fact]
    public void A_process_of_another_user_can_take_the_pipe()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "NOT TESTED: a pipe between two users. It takes root.");
        using SignalPipe ours = SignalPipe.Create();

        // The user is the thread's.
        Background.Run(() =>
        {
            _ = TestLibc.SetFileUser(Nobody);
            Assert.Equal(Nobody, (uint)TestLibc.SetFileUser(Nobody));
            Assert.ThrowsAny<UnauthorizedAccessException>(() => File.ReadAllText("/etc/shadow"));
            using SignalPipe theirs = Pass(ours);
            theirs.Signal();
        }).Join();

        Assert.True(ours.TryConsume());
    }

    [Fact]
    public void Adopting_what_is_no_pipe_is_refused_and_closes_it()
    {
        using MemfdHandle other = MemfdHandle.Create("vmbus-not-a-pipe", Environment.SystemPageSize);

        ArgumentException error = Assert.Throws<ArgumentException>(() => SignalPipe.Adopt(TestLibc.Duplicate(other.Descriptor)));

        Assert.Contains("vmbus-not-a-pipe", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, ProcSelf.CountDescriptors("vmbus-not-a-pipe"));
        Assert.Equal(Errno.BadDescriptor, Assert.Throws<ErrnoException>(() => SignalPipe.Adopt(1_000_000)).Errno);
    }

    [Fact]
    public void A_disposed_pipe_is_closed_and_says_so()
    {
        SignalPipe pipe = SignalPipe.Create();
        string name = ProcSelf.Link(pipe.Descriptor)!;
        Assert.Equal(1, ProcSelf.CountDescriptors(name));
        Assert.Equal(Libc.CloseOnExec, Libc.Fcntl(pipe, Libc.FcntlGetDescriptorFlags, 0));

        pipe.Dispose();

        Assert.Equal(0, ProcSelf.CountDescriptors(name));
        Assert.Throws<ObjectDisposedException>(pipe.Signal);
        Assert.Throws<ObjectDisposedException>(() => pipe.TryConsume());
    }

    [Fact]
    public void Signal_and_TryConsume_allocate_nothing()
    {
        using SignalPipe pipe = SignalPipe.Create();

        Assert.Equal(0, Allocations.Of(() =>
        {
            pipe.Signal();
            pipe.TryConsume();
            pipe.TryConsume();
        }));
    }

    // As a socket does: a copy of a descriptor that is then closed here.
    private static SignalPipe Pass(SignalPipe pipe)
    {
        using SignalPipe lent = pipe.Lend();
        return SignalPipe.Adopt(TestLibc.Duplicate(lent.Descriptor));
    }
}
