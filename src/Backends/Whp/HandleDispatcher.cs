// Threads that wait on the events of a guest's notification ports and make the call that was asked for.

using System.Runtime.Versioning;
using VmBus.Hosting;

namespace VmBus.Whp;

/// <summary>Calls an action for each time an event is set, on a thread of its own. Several times may become one call.</summary>
[SupportedOSPlatform("windows")]
internal sealed class HandleDispatcher : IDisposable
{
    private readonly Lock _sync = new();
    private readonly List<Group> _groups = [];
    private bool _isDisposed;

    /// <summary>Begins to watch an event.</summary>
    /// <param name="signal">The event, of automatic reset; the watch owns it.</param>
    /// <param name="signalled">Called on a thread of the dispatcher; must not block.</param>
    /// <returns>Disposed to watch no more: the action is not called any more then, unless the caller is in it.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed; the event stays the caller's.</exception>
    public IDisposable Add(EventWaitHandle signal, Action signalled)
    {
        var watch = new Watch(signal, signalled);
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            Group? group = _groups.Find(group => group.HasRoom);
            if (group is null)
                _groups.Add(group = new Group());
            group.Add(watch);
            return new Undo(() =>
            {
                group.Remove(watch);
                signal.Dispose();
            });
        }
    }

    public void Dispose()
    {
        lock (_sync)
        {
            _isDisposed = true;
            foreach (Group group in _groups)
                group.Dispose();
            _groups.Clear();
        }
    }

    // MAXIMUM_WAIT_OBJECTS: as many as one thread can wait for, one of them to be told of changes.
    private sealed class Group : IDisposable
    {
        private const int Most = 64;

        private readonly AutoResetEvent _changed = new(false);
        private readonly Lock _sync = new();
        private readonly Thread _thread;
        private Watch[] _watches = [];
        private bool _stopped;

        public Group()
        {
            _thread = new Thread(Run) { IsBackground = true, Name = "vmbus-whp-event" };
            _thread.Start();
        }

        public bool HasRoom => Volatile.Read(ref _watches).Length < Most - 1;

        public void Add(Watch watch) => Change(watches => [.. watches, watch]);

        public void Remove(Watch watch)
        {
            watch.End();
            Change(watches => [.. watches.Where(other => other != watch)]);
        }

        public void Dispose()
        {
            lock (_sync)
            {
                _stopped = true;
                _changed.Set();
            }
            _thread.Join();
            foreach (Watch watch in _watches)
                watch.Signal.Dispose();
            _changed.Dispose();
        }

        // Set under the lock: once the group is stopped, _changed may be disposed at any moment.
        private void Change(Func<Watch[], Watch[]> change)
        {
            lock (_sync)
            {
                Volatile.Write(ref _watches, change(_watches));
                if (!_stopped)
                    _changed.Set();
            }
        }

        private void Run()
        {
            while (true)
            {
                Watch[] watches;
                lock (_sync)
                {
                    if (_stopped)
                        return;
                    watches = _watches;
                }
                WaitHandle[] handles = [_changed, .. watches.Select(watch => watch.Signal)];
                for (int first; (first = WaitAny(handles)) != 0;)
                {
                    watches[first - 1].Call();
                    // Those behind it were not looked at: they wait no longer than one round.
                    foreach (Watch watch in watches.AsSpan(first))
                    {
                        if (watch.TryTake())
                            watch.Call();
                    }
                }
            }
        }

        // A watch may be ended, and its event closed, between two waits: _changed is set for it.
        private static int WaitAny(WaitHandle[] handles)
        {
            try
            {
                return WaitHandle.WaitAny(handles);
            }
            catch (ObjectDisposedException)
            {
                return 0;
            }
        }
    }

    private sealed class Watch(EventWaitHandle signal, Action signalled)
    {
        // Reentrant: an action may end its own watch.
        private readonly Lock _calling = new();
        private bool _ended;

        public EventWaitHandle Signal => signal;

        public bool TryTake()
        {
            lock (_calling)
                return !_ended && signal.WaitOne(0);
        }

        public void Call()
        {
            lock (_calling)
            {
                if (!_ended)
                    signalled();
            }
        }

        public void End()
        {
            lock (_calling)
                _ended = true;
        }
    }
}
