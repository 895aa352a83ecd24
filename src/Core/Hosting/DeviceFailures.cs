// Counts what the author's code did wrong and tells the author, in order and off the bus's loop.

namespace VmBus.Hosting;

/// <summary>The failures of a bus's devices and callbacks. Thread-safe.</summary>
/// <param name="tell">Tells of one; may throw, and may take its time.</param>
internal sealed class DeviceFailures(Action<DeviceFailedEventArgs> tell)
{
    // A handler that hangs must not make the bus keep all that fails after it: those are only counted.
    private const int MostUntold = 64;

    private readonly Queue<DeviceFailedEventArgs> _untold = new();
    private bool _telling;
    private long _count;
    private volatile string? _last;

    public long Count => Interlocked.Read(ref _count);

    public string? Last => _last;

    public void Report(DeviceOperation operation, OfferedChannel? channel, Exception exception)
    {
        Note(operation, channel, exception);
        lock (_untold)
        {
            if (_untold.Count >= MostUntold)
                return;
            _untold.Enqueue(new DeviceFailedEventArgs(operation, channel, exception));
            if (_telling)
                return;
            _telling = true;
        }
        // Without the caller's context: a handler is inside no service, whichever failed.
        ThreadPool.UnsafeQueueUserWorkItem(static failures => failures.TellAll(), this, preferLocal: false);
    }

    private void TellAll()
    {
        while (true)
        {
            DeviceFailedEventArgs? next;
            lock (_untold)
            {
                if (!_untold.TryDequeue(out next))
                {
                    _telling = false;
                    return;
                }
            }
            try
            {
                tell(next);
            }
            catch (Exception failure)
            {
                // Not told to the one that throws: that would go round for ever.
                Note(DeviceOperation.Report, null, failure);
            }
        }
    }

    private void Note(DeviceOperation operation, OfferedChannel? channel, Exception exception)
    {
        ChannelMeter.OnDeviceFailed(operation.ToString());
        VmBusEventSource.Log.DeviceFailed(operation.ToString(), channel?.Offer, exception);
        Interlocked.Increment(ref _count);
        _last = $"{operation}: {exception.GetType().Name}: {exception.Message}";
    }
}
