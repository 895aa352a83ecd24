using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

public sealed class ThreadKickTests
{
    private const int Interrupted = 4; // EINTR

    [Fact]
    public void A_kick_ends_the_blocked_call_of_the_chosen_thread_and_of_no_other()
    {
        using var kick = new ThreadKick();
        var first = new BlockedThread();
        var second = new BlockedThread();

        // One that comes before the call has begun ends nothing.
        KickUntilEnded(kick, first);

        Assert.Equal(Interrupted, first.Error);
        Assert.False(second.IsEnded);
        KickUntilEnded(kick, second);
        Assert.Equal(Interrupted, second.Error);
    }

    [Fact]
    public void Kicking_a_thread_that_has_ended_is_no_error()
    {
        using var kick = new ThreadKick();
        int thread = 0;
        Background ended = Background.Run(() => thread = ThreadKick.CurrentThread);
        ended.Join();
        Until(() => !Directory.Exists($"/proc/self/task/{thread}"));
        kick.Send(thread);
    }

    [Fact]
    public void Threads_have_numbers_of_their_own()
    {
        int other = 0;
        Background.Run(() => other = ThreadKick.CurrentThread).Join();
        Assert.Equal(TestLibc.ThreadId(), ThreadKick.CurrentThread);
        Assert.NotEqual(other, ThreadKick.CurrentThread);
    }

    [Fact]
    public void After_disposal_nothing_is_sent()
    {
        var kick = new ThreadKick();
        kick.Dispose();
        kick.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kick.Send(ThreadKick.CurrentThread));
    }

    // A signal is handled later than it arrives. Were it without a handler by then, it would end the process.
    [Fact]
    public void A_kick_under_way_when_its_maker_is_disposed_ends_nothing()
    {
        for (int round = 0; round < 200; round++)
        {
            using var kick = new ThreadKick();
            kick.Send(ThreadKick.CurrentThread);
        }
    }

    private static void KickUntilEnded(ThreadKick kick, BlockedThread thread) => Until(() =>
    {
        kick.Send(thread.Number);
        return thread.IsEnded;
    });

    private static void Until(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Patience.Limit));

    // In a poll that nothing but a signal ends: the poll of Interop makes interrupted calls again.
    private sealed class BlockedThread
    {
        private readonly Background _thread;
        private int _number;
        private bool _ended;

        public BlockedThread()
        {
            _thread = Background.Run(() =>
            {
                Volatile.Write(ref _number, ThreadKick.CurrentThread);
                Error = TestLibc.Pause() < 0 ? Marshal.GetLastPInvokeError() : 0;
                Volatile.Write(ref _ended, true);
            });
            Until(() => Volatile.Read(ref _number) != 0);
        }

        public int Number => _number;

        public bool IsEnded => Volatile.Read(ref _ended);

        public int Error { get; private set; }
    }
}
