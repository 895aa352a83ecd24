// A gate that the kernel opens: KVM_HYPERV_EVENTFD has a guest's signal written to the eventfd that the waiter itself looks
// at. No other thread need run in between, as where an event loop takes it first (QEMU's main loop, OpenVMM's executor).

using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;

namespace VmBus.Kvm;

/// <summary>
/// A remembered signal, set by the kernel through <see cref="Arrivals"/> or by this process. A blocking wait takes the
/// kernel's signals itself; for an awaiting one the dispatcher does.
/// </summary>
/// <remarks>
/// <see cref="Dispose"/> ends a wait under way and returns when it has left. Not before the writer of the eventfd is gone:
/// what is written later is lost.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class EventFdGate : ISignalGate, ISpinTarget
{
    private readonly EventFd _arrivals = EventFd.Create();
    private readonly EventFd _kick = EventFd.Create();
    private readonly EventDispatcher.Watch _watch;
    private readonly WakeGate _remembered = new();
    private readonly SpinBeforeSleep _spin;
    private readonly Lock _waiting = new();
    private readonly Lock _ending = new();
    private long _arrived;
    private int _claimed;
    private int _sleeps;
    private volatile bool _closed;
    private bool _disposed;

    public EventFdGate(EventDispatcher dispatcher, TimeSpan spinBudget)
    {
        _spin = new SpinBeforeSleep(spinBudget, adaptive: true);
        _watch = dispatcher.AddUnarmed(_arrivals, Forward);
    }

    /// <summary>What the kernel is to write the guest's signals to.</summary>
    public EventFd Arrivals => _arrivals;

    /// <summary>Whether a blocking wait sleeps, or is about to.</summary>
    public bool IsSlept => Volatile.Read(ref _sleeps) != 0;

    /// <summary>How many signals the kernel has written, those that no thread has waited for yet included.</summary>
    public long CountArrivals()
    {
        lock (_ending)
        {
            if (!_closed)
                Forward();
        }
        return Volatile.Read(ref _arrived);
    }

    /// <summary>Takes the gate for one connection, or says that another has it.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>Gives it back.</summary>
    public void Release() => Volatile.Write(ref _claimed, 0);

    public void Set()
    {
        _remembered.Set();
        // A full barrier lies before this read, and in Sleep one between the store and the look at what is remembered.
        if (Volatile.Read(ref _sleeps) != 0)
            Kick();
    }

    public void Close(string reason)
    {
        lock (_ending)
        {
            if (_closed)
                return;
            // What has arrived is still taken first.
            Forward();
            _remembered.Close(reason);
            _closed = true;
            Kick();
        }
    }

    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Enter();
        try
        {
            if (_closed)
                return _remembered.Wait(TimeSpan.Zero, cancellationToken);
            if (TryTake())
                return true;
            long start = Stopwatch.GetTimestamp();
            if (_spin.TryTake(this, start, timeout, cancellationToken))
                return true;
            bool signalled = Sleep(start, timeout, cancellationToken);
            _spin.Slept(start, signalled);
            return signalled;
        }
        finally
        {
            _waiting.Exit();
        }
    }

    public ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        Enter();
        try
        {
            if (!_closed && TryTake())
                return ValueTask.CompletedTask;
            ValueTask wait = _remembered.WaitAsync(cancellationToken);
            if (!_disposed)
                _watch.Arm();
            return wait;
        }
        finally
        {
            _waiting.Exit();
        }
    }

    public void Dispose()
    {
        Close("The gate was disposed.");
        lock (_waiting)
        {
            lock (_ending)
            {
                if (_disposed)
                    return;
                _disposed = true;
            }
            _watch.Dispose();
            _kick.Dispose();
        }
    }

    bool ISpinTarget.IsClosed => _closed;

    bool ISpinTarget.TryTake() => TryTake();

    private bool TryTake() => _remembered.TryConsume() || TakeArrivals();

    private bool TakeArrivals()
    {
        if (!_arrivals.TryConsume(out ulong count))
            return false;
        Interlocked.Add(ref _arrived, (long)count);
        return true;
    }

    private void Forward()
    {
        if (TakeArrivals())
            Set();
    }

    private bool Sleep(long start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static gate => ((EventFdGate)gate!).Kick(), this)
            : default;
        Span<PollFd> polled = [new PollFd(_arrivals.Descriptor, PollEvents.In), new PollFd(_kick.Descriptor, PollEvents.In)];
        Interlocked.Exchange(ref _sleeps, 1);
        try
        {
            while (true)
            {
                // The kick is taken before the looks that it asks for: one that comes later ends the sleep.
                _kick.TryConsume(out _);
                // It throws what ends every wait, and for a second waiter.
                if (TakeArrivals() || _remembered.Wait(TimeSpan.Zero, cancellationToken))
                    return true;
                TimeSpan remaining = SleepingWait.Remaining(start, timeout);
                if (remaining == TimeSpan.Zero)
                    return false;
                Poll.Wait(polled, remaining);
            }
        }
        finally
        {
            Volatile.Write(ref _sleeps, 0);
        }
    }

    // The gate may be set while it goes.
    private void Kick()
    {
        lock (_ending)
        {
            if (!_disposed)
                _kick.Signal();
        }
    }

    private void Enter()
    {
        if (!_waiting.TryEnter())
            throw new InvalidOperationException("Another thread already waits on this gate, which supports one waiter at a time.");
    }
}
