// How one channel of a UIO device waits for the host: ppoll(2) on the device, then a read of its interrupt count.

using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>
/// Waits for an interrupt of the device. Interrupts of other channels end it too: look at the ring.
/// <see cref="Dispose"/> ends a wait under way and returns when it has left.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class UioSignalWait(UioInterrupts interrupts) : ISignalWait, IDisposable
{
    private readonly EventFd _wake = EventFd.Create();
    private readonly Lock _waiting = new();
    private long _seen = interrupts.Taken;
    private readonly Lock _ending = new();
    private volatile string? _closed;
    private bool _disposed;

    /// <inheritdoc/>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_waiting)
        {
            ThrowIfClosed();

            // From here on no thread takes an interrupt without either this look or the event showing it.
            interrupts.Enter(_wake);
            try
            {
                return TryTake() || Sleep(timeout, cancellationToken);
            }
            finally
            {
                interrupts.Leave(_wake);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask WaitAsync(CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled(cancellationToken) : SleepingWait.OnThread(this, cancellationToken);

    /// <inheritdoc/>
    public void Close(string reason)
    {
        lock (_ending)
        {
            _closed ??= reason;
            if (!_disposed)
                _wake.Signal();
        }
    }

    public void Dispose()
    {
        Close("The channel is closed.");
        lock (_waiting)
        {
            lock (_ending)
            {
                _disposed = true;
                _wake.Dispose();
            }
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed is { } reason)
            throw new PeerDisconnectedException(reason);
    }

    private bool TryTake()
    {
        long taken = interrupts.Taken;
        if (taken == _seen)
            return false;
        _seen = taken;
        return true;
    }

    private bool Sleep(TimeSpan timeout, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using CancellationTokenRegistration registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static wake => ((EventFd)wake!).Signal(), _wake)
            : default;
        Span<PollFd> polled = [new PollFd(interrupts.Descriptor, PollEvents.In), new PollFd(_wake.Descriptor, PollEvents.In)];
        while (true)
        {
            ThrowIfClosed();
            cancellationToken.ThrowIfCancellationRequested();
            interrupts.ThrowIfGone();

            // Also when the time is up: who only ever looks must take interrupts, and learn of the device's end, too.
            TimeSpan remaining = SleepingWait.Remaining(start, timeout);
            Poll.Wait(polled, remaining);
            if (polled[1].Returned != PollEvents.None)
                _wake.TryConsume(out _);
            if (polled[0].Returned != PollEvents.None)
                interrupts.Collect(polled[0].Returned, _wake);
            if (TryTake())
                return true;
            if (remaining == TimeSpan.Zero)
            {
                interrupts.ThrowIfGone();
                return false;
            }
        }
    }
}
