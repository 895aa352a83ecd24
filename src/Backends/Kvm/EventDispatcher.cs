// One thread that waits on every eventfd of a guest and makes the call that was asked for.

using System.Collections.Concurrent;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Kvm;

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
        Watch watch = Add(signal, () =>
        {
            // Consumed first: a signal during the call leads to another.
            if (signal.TryConsume(out ulong count))
                signalled(count);
        });
        _epoll.Add(signal, watch.Key);
        return watch;
    }

    /// <summary>Watches an eventfd for others, who take its signals themselves: only while they ask, and once each time.</summary>
    /// <param name="signal">The eventfd; the watch owns it.</param>
    /// <param name="readable">Called on the dispatcher's thread when there is something to take; must not block.</param>
    public Watch AddUnarmed(EventFd signal, Action readable)
    {
        Watch watch = Add(signal, readable);
        _epoll.AddUnarmed(signal, watch.Key);
        return watch;
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

    private Watch Add(EventFd signal, Action readable)
    {
        var watch = new Watch(this, (ulong)Interlocked.Increment(ref _lastKey), signal, readable);
        _watches[watch.Key] = watch;
        return watch;
    }

    internal sealed class Watch(EventDispatcher dispatcher, ulong key, EventFd signal, Action readable) : IDisposable
    {
        // Reentrant: an action may end its own watch.
        private readonly Lock _calling = new();
        private bool _ended;

        public ulong Key => key;

        public EventFd Signal => signal;

        /// <summary>Has the action called once: now, when there is something to take already.</summary>
        public void Arm() => dispatcher._epoll.Arm(signal, key);

        public void Call()
        {
            lock (_calling)
            {
                if (!_ended)
                    readable();
            }
        }

        public void Dispose()
        {
            lock (_calling)
            {
                if (_ended)
                    return;
                _ended = true;
            }
            dispatcher._epoll.Remove(signal);
            dispatcher._watches.TryRemove(key, out _);
            signal.Dispose();
        }
    }
}
