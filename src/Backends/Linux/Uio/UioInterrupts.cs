// The one interrupt of a UIO device, shared by all its channels. Mirrors the user's half of uio_read and of
// hv_uio_irqcontrol (Linux drivers/uio): the kernel masks a channel's ring at each interrupt and counts it; the process
// that has read the count unmasks its ring and looks at it again.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// Takes interrupts from the device and tells every channel's wait, since it is not known which channel one is for.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Unmasking is left to the rings: the mask is a word in their memory, and the control write that would do the same also
/// signals the host on channels without a monitor, which need not be told that a thread goes to sleep.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class UioInterrupts(IUioFile file, string name, uint? count, Action onGone)
{
    private readonly Lock _lock = new();
    private readonly List<EventFd> _sleepers = [];
    private uint? _count = count;
    private long _interrupts;
    private long _taken;
    private long _signals;
    private volatile string? _gone;

    /// <summary>How often interrupts were taken: a wait that finds another number than the last time was signalled.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>Whether no interrupt can come any more.</summary>
    public bool IsGone => _gone is not null;

    /// <summary>What to poll.</summary>
    public int Descriptor => file.Descriptor;

    public UioStatistics Statistics => new(Volatile.Read(ref _interrupts), Volatile.Read(ref _taken), Volatile.Read(ref _signals));

    public void ThrowIfGone()
    {
        if (_gone is { } reason)
            throw new PeerDisconnectedException(reason);
    }

    /// <summary>From here on the event is signalled when another wait takes an interrupt.</summary>
    public void Enter(EventFd wake)
    {
        lock (_lock)
            _sleepers.Add(wake);
    }

    public void Leave(EventFd wake)
    {
        lock (_lock)
            _sleepers.Remove(wake);
    }

    /// <summary>Takes what the device has, after a poll found something there.</summary>
    public void Collect(PollEvents found, EventFd own)
    {
        lock (_lock)
        {
            Errno error = file.Read(out uint count);
            if (error == Errno.TryAgain && (found & (PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid)) == 0)
                return;     // another wait took it, and has woken this one
            if (error != Errno.None)
            {
                SetGone(error);
                return;
            }

            _interrupts += unchecked(count - (_count ?? count - 1));
            _count = count;
            Volatile.Write(ref _taken, _taken + 1);
            WakeOthers(own);
        }
    }

    /// <summary>Signals the host on every channel without a monitor, and unmasks every channel's ring.</summary>
    public HypercallStatus Signal()
    {
        Errno error = file.Control(unmask: true);
        if (error == Errno.None)
        {
            Interlocked.Increment(ref _signals);
            return HypercallStatus.Success;
        }

        if (error is not (Errno.InputOutput or Errno.NoSuchDevice))
            return HypercallStatus.OperationDenied;
        lock (_lock)
            SetGone(error);
        return HypercallStatus.InvalidConnectionId;
    }

    private void SetGone(Errno error)
    {
        if (_gone is not null)
            return;
        onGone();
        _gone = error == Errno.InputOutput
            ? $"The host has rescinded {name}, or it was unbound: the device answers EIO."
            : $"{name} delivers no more interrupts: the device answers errno {(int)error}.";
        WakeOthers(null);
    }

    private void WakeOthers(EventFd? own)
    {
        foreach (EventFd sleeper in _sleepers)
        {
            if (sleeper != own)
                sleeper.Signal();
        }
    }
}
