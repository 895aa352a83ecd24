// The system's network as the other side of a guest's adapter: a TAP interface.

using System.Runtime.Versioning;
using VmBus.Devices;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>Frames go into an interface of this system, which the system's own routes and bridges go on from. Dispose it when the adapter is no longer offered.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TapLink : INetworkLink, IDisposable
{
    private readonly DeviceFile _tap;
    private readonly EventFd _wake = EventFd.Create();
    private readonly Lock _sync = new();
    private readonly Thread _watcher;
    private TaskCompletionSource? _arrived;     // under the lock: set while the adapter waits for a frame
    private bool _isDisposed;                   // under the lock

    /// <summary>Opens the interface, and makes it where it is not there.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ToolException">It cannot be opened; the message says why.</exception>
    public TapLink(string name)
    {
        try
        {
            _tap = TapDevice.Open(name);
        }
        catch (ErrnoException error)
        {
            _wake.Dispose();
            throw new ToolException(error.Errno switch
            {
                Errno.OperationNotPermitted or Errno.AccessDenied => $"cannot open the TAP interface {name}: permission denied; create one for this user first: ip tuntap add {name} mode tap user $USER",
                Errno.NoSuchFile or Errno.NoSuchDevice => $"cannot open the TAP interface {name}: this kernel has no /dev/net/tun (modprobe tun)",
                Errno.Busy => $"cannot open the TAP interface {name}: another program has it",
                _ => $"cannot open the TAP interface {name}: {error.Message}",
            }, error);
        }
        _watcher = new Thread(Watch) { IsBackground = true, Name = "vmbus-tap" };
        _watcher.Start();
    }

    // A frame that the system does not take (its interface is down, it is out of memory) is lost, as on a wire.
    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        _tap.Write(frame);
        return true;
    }

    public ValueTask WaitToSendAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public bool TryReceive(Span<byte> frame, out int length) => _tap.Read(frame, out length) == Errno.None && length > 0;

    public ValueTask WaitToReceiveAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource arrived;
        lock (_sync)
        {
            if (_isDisposed)
                return new ValueTask(Task.Delay(Timeout.Infinite, cancellationToken));
            arrived = _arrived ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        _wake.Signal();
        return new ValueTask(arrived.Task.WaitAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_sync)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }
        _wake.Signal();
        _watcher.Join();
        _wake.Dispose();
        _tap.Dispose();
    }

    // Looks at the interface only while the adapter waits for a frame: the rest of the time the adapter does.
    private void Watch()
    {
        Span<PollFd> both = [new PollFd(_wake.Descriptor, PollEvents.In), new PollFd(_tap.Descriptor, PollEvents.In)];
        while (true)
        {
            bool isWanted;
            lock (_sync)
            {
                if (_isDisposed)
                    return;
                isWanted = _arrived is not null;
            }
            Poll.Wait(isWanted ? both : both[..1], Timeout.InfiniteTimeSpan);
            if (both[0].Returned != PollEvents.None)
                _wake.TryConsume(out _);
            if (!isWanted || both[1].Returned == PollEvents.None)
                continue;
            lock (_sync)
            {
                _arrived!.TrySetResult();
                _arrived = null;
            }
        }
    }
}
