// One thread that waits on every eventfd of a guest and calls whoever asked.

using System.Collections.Concurrent;
using System.Runtime.Versioning;
using VmBus.Interop.Linux;

namespace VmBus.Backends.Kvm;

/// <summary>Calls an action for each signal of an eventfd, on a thread of its own. Several signals may become one call.</summary>
[SupportedOSPlatform("linux")]
internal sealed class EventDispatcher : IDisposable
{
    private const ulong StopKey = 0;

    private readonly Epoll _epoll = Epoll.Create();
    private readonly EventFd _stop = EventFd.Create();
    private readonly ConcurrentDictionary<ulong, Watch> _watches = new();
    private readonly Thread _thread;
    private long _lastKey;

    public EventDispatcher()
    {
        _epoll.Add(_stop, StopKey);
        _thread = new Thread(Run) { IsBackground = true, Name = "vmbus-kvm-event" };
        _thread.Start();
    }

    /// <summary>Begins to watch an eventfd.</summary>
    /// <param name="signal">The eventfd; the watch owns it.</param>
    /// <param name="signalled">Called on the dispatcher's thread with how many signals it stands for; must not block.</param>
    /// <returns>Disposed to watch no more: the action is not called any more then, unless the caller is in it.</returns>
    public IDisposable Add(EventFd signal, Action<ulong> signalled)
    {
        var key = (ulong)Interlocked.Increment(ref _lastKey);
        var watch = new Watch(signal, signalled);
        _watches[key] = watch;
        _epoll.Add(signal, key);
        return new Undo(() =>
        {
            _epoll.Remove(signal);
            _watches.TryRemove(key, out _);
            watch.End();
            signal.Dispose();
        });
    }

    public void Dispose()
    {
        _stop.Signal();
        _thread.Join();
        foreach (Watch watch in _watches.Values)
            watch.Signal.Dispose();
        _stop.Dispose();
        _epoll.Dispose();
    }

    private void Run()
    {
        Span<ulong> keys = stackalloc ulong[32];
        while (true)
        {
            int found = _epoll.Wait(keys);
            foreach (ulong key in keys[..found])
            {
                if (key == StopKey)
                    return;
                if (_watches.TryGetValue(key, out Watch? watch))
                    watch.Call();
            }
        }
    }

    private sealed class Watch(EventFd signal, Action<ulong> signalled)
    {
        // Reentrant: an action may end its own watch.
        private readonly Lock _calling = new();
        private bool _ended;

        public EventFd Signal => signal;

        public void Call()
        {
            lock (_calling)
            {
                // Consumed first: a signal during the call leads to another.
                if (!_ended && signal.TryConsume(out ulong count))
                    signalled(count);
            }
        }

        public void End()
        {
            lock (_calling)
                _ended = true;
        }
    }
}
