using System.Runtime.Versioning;
using VmBus.Backends.Tests.Shared;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

// The order of things between several waits on one device. The channels above look at their rings again and would hide
// most mistakes here. The device of these tests never polls readable: an interrupt is what a test says was taken.
[SupportedOSPlatform("linux")]
public sealed class UioSignalWaitTests : IDisposable
{
    private readonly QuietFile _file = new();
    private readonly EventFd _other = EventFd.Create();
    private readonly UioInterrupts _interrupts;
    private readonly UioSignalWait _wait;

    public UioSignalWaitTests()
    {
        _interrupts = new UioInterrupts(_file, "uio0", 5, () => { });
        _wait = new UioSignalWait(_interrupts);
    }

    public void Dispose()
    {
        _wait.Dispose();
        _other.Dispose();
        _file.Dispose();
    }

    [Fact]
    public void A_sleeper_is_woken_by_who_took_the_interrupt()
    {
        Background waiter = Sleeper(out Func<bool> signalled);

        _file.Answer(6);
        _interrupts.Collect(PollEvents.In, _other);

        waiter.Join();
        Assert.True(signalled());
        Assert.False(_other.TryConsume(out _));     // the taker knows already
    }

    [Fact]
    public void An_interrupt_that_another_took_before_the_wait_ends_it_at_once()
    {
        _file.Answer(6);
        _interrupts.Collect(PollEvents.In, _other);

        Background waiter = Background.Run(() => Assert.True(_wait.Wait(Timeout.InfiniteTimeSpan)));

        waiter.Join();
        Assert.False(_wait.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void A_wait_that_is_over_is_woken_no_more()
    {
        using (var gone = new UioSignalWait(_interrupts))
            Assert.False(gone.Wait(TimeSpan.Zero));
        _file.Answer(6);
        _interrupts.Collect(PollEvents.In, _other);
        Assert.True(_wait.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void A_sleeper_is_woken_when_another_finds_the_device_gone()
    {
        Background waiter = Background.Run(() => Assert.Throws<PeerDisconnectedException>(() => Sleep()));
        _file.Fail(Errno.InputOutput);
        Background.Until(() => Volatile.Read(ref _thread) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");

        Assert.Equal(HypercallStatus.InvalidConnectionId, _interrupts.Signal());

        waiter.Join();
    }

    [Theory]
    [InlineData(PollEvents.Error)]
    [InlineData(PollEvents.HangUp)]
    [InlineData(PollEvents.Invalid)]
    internal void A_device_that_polls_with_an_error_and_reads_nothing_is_gone(PollEvents found)
    {
        _interrupts.Collect(PollEvents.In, _other);
        Assert.False(_interrupts.IsGone);
        _interrupts.Collect(found | PollEvents.In, _other);
        Assert.True(_interrupts.IsGone);
    }

    [Fact]
    public void Interrupts_that_came_together_are_counted_singly_also_over_the_counters_end()
    {
        UioInterrupts interrupts = new(_file, "uio0", uint.MaxValue - 1, () => { });
        _file.Answer(3);
        interrupts.Collect(PollEvents.In, _other);
        Assert.Equal(new UioStatistics(5, 1, 0), interrupts.Statistics);

        interrupts = new UioInterrupts(_file, "uio0", null, () => { });    // the kernel does not say where it began
        _file.Answer(1000);
        interrupts.Collect(PollEvents.In, _other);
        Assert.Equal(new UioStatistics(1, 1, 0), interrupts.Statistics);
    }

    [Fact]
    public void A_monitored_channel_has_no_call_to_make()
    {
        using UioSignalPath bound = new(_interrupts, isMonitored: true, () => null), free = new(_interrupts, isMonitored: false, () => null);
        Assert.Equal(HypercallStatus.OperationDenied, bound.Signal());
        Assert.Equal(0, _file.Controls);
        Assert.Equal((HypercallStatus.Success, SignalCapabilities.Hypercall), (free.Signal(), free.Capabilities));
        Assert.Equal(1, _file.Controls);
        _file.Fail(Errno.InvalidArgument);
        Assert.Equal(HypercallStatus.OperationDenied, free.Signal());
        Assert.False(_interrupts.IsGone);
    }

    private int _thread;

    private bool Sleep()
    {
        Volatile.Write(ref _thread, TestLibc.ThreadId());
        return _wait.Wait(Timeout.InfiniteTimeSpan);
    }

    private Background Sleeper(out Func<bool> signalled)
    {
        bool result = false;
        signalled = () => result;
        Background waiter = Background.Run(() => result = Sleep());
        Background.Until(() => Volatile.Read(ref _thread) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");
        return waiter;
    }

    private sealed class QuietFile : IUioFile
    {
        private readonly EventFd _never = EventFd.Create();
        private uint? _count;
        private Errno _error;

        public int Descriptor => _never.Descriptor;

        public int Controls { get; private set; }

        public void Answer(uint count) => _count = count;

        public void Fail(Errno error) => _error = error;

        public bool TryLock() => true;

        public Errno Read(out uint count)
        {
            count = _count ?? 0;
            Errno error = _error != Errno.None ? _error : _count is null ? Errno.TryAgain : Errno.None;
            _count = null;
            return error;
        }

        public Errno Control(bool unmask)
        {
            if (_error == Errno.None)
                Controls++;
            return _error;
        }

        public MappedMemory Map(int index, long length) => throw new InvalidOperationException("Nothing to map here.");

        public void Dispose() => _never.Dispose();
    }
}
