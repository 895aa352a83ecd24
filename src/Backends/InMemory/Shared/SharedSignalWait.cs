// Waiting for a signal of another process, and noticing when that process is gone.

using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// Waits for an event flag: spins on it for a bounded time, then sleeps on the pipe that comes with it and on the
/// socket whose other end the peer holds open for as long as it lives.
/// </summary>
/// <remarks><see cref="Dispose"/> ends a wait under way and returns when it has left: it touches memory about to be unmapped.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class SharedSignalWait : ISignalWait, ISpinTarget, IDisposable
{
    private readonly SynicEventFlagsPageView _flags;
    private readonly int _relid;
    private readonly SignalPipe _interrupt;
    private readonly UnixFdSocket _peer;
    private readonly string _peerName;
    private readonly SpinBeforeSleep _spin;
    private readonly EventFd _cancel = EventFd.Create();
    private readonly Lock _waiting = new();
    private readonly Lock _ending = new();
    private volatile string? _closed;
    private bool _disposed;

    public SharedSignalWait(SynicEventFlagsPageView flags, int relid, SignalPipe interrupt, UnixFdSocket peer, string peerName, SpinBeforeSleep spin)
    {
        _flags = flags;
        _relid = relid;
        _interrupt = interrupt;
        _peer = peer;
        _peerName = peerName;
        _spin = spin;
    }

    /// <inheritdoc/>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_waiting)
        {
            ThrowIfClosed();
            if (TryTake())
                return true;
            long start = Stopwatch.GetTimestamp();
            if (_spin.TryTake(this, start, timeout, cancellationToken))
                return true;
            bool signalled = Sleep(start, timeout, cancellationToken);
            _spin.Slept(start, signalled);
            return signalled;
        }
    }

    /// <inheritdoc/>
    public ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        lock (_waiting)
        {
            ThrowIfClosed();
            if (TryTake())
                return ValueTask.CompletedTask;
        }

        return SleepingWait.OnThread(this, cancellationToken);
    }

    /// <inheritdoc/>
    public void Close(string reason)
    {
        lock (_ending)
        {
            _closed ??= reason;
            if (!_disposed)
                _cancel.Signal();
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
                _cancel.Dispose();
            }
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed is { } reason)
            throw new PeerDisconnectedException(reason);
    }

    bool ISpinTarget.IsClosed => _closed is not null;

    bool ISpinTarget.TryTake() => TryTake();

    private bool TryTake()
    {
        Span<ulong> flags = _flags.Flags(SharedSignalPath.Sint);
        return SyncBits.Test(flags, _relid) && SyncBits.TestAndClear(flags, _relid);
    }

    private bool Sleep(long start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _cancel.TryConsume(out _);
        using CancellationTokenRegistration registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static cancel => ((EventFd)cancel!).Signal(), _cancel)
            : default;
        Span<PollFd> polled =
        [
            new PollFd(_interrupt.Descriptor, PollEvents.In),
            // Not its bytes: they belong to the reader of the socket, and would end every wait until then.
            new PollFd(_peer.Descriptor, PollEvents.ReadHangUp),
            new PollFd(_cancel.Descriptor, PollEvents.In),
        ];
        while (true)
        {
            // The signals are taken before the last look at the flag: one after that look is there again.
            _interrupt.TryConsume();
            ThrowIfClosed();
            if (TryTake())
                return true;
            cancellationToken.ThrowIfCancellationRequested();

            // Also when the time is up: who only ever looks must learn of the peer's end too.
            TimeSpan remaining = SleepingWait.Remaining(start, timeout);
            Poll.Wait(polled, remaining);
            if (polled[1].Returned != PollEvents.None)
            {
                // What the peer signalled before it went still counts.
                if (TryTake())
                    return true;
                throw new PeerDisconnectedException($"The {_peerName} process is gone: its end of the socket is closed.");
            }

            if (remaining == TimeSpan.Zero)
                return TryTake();
        }
    }
}
