// The choice between deferring and signalling at once, from the load. Nobody else has one. Pure: what it is told is all
// it knows, so the same history gives the same choices.

namespace VmBus;

/// <summary>Decides, at each signal, whether an adaptive channel defers. See <see cref="AdaptiveOptions"/>.</summary>
internal struct AdaptivePolicy
{
    private readonly AdaptiveOptions _options;
    private readonly long _windowTicks;
    private long _sentBefore;       // packets sent as of the signal before, or as of the window's start
    private long _receivedBefore;
    private long _windowStart;
    private int _streak;            // batches or windows in a row that spoke for a change
    private bool _windowOpen;

    /// <summary>Starts deferring, as an offer with a monitor asks for.</summary>
    public AdaptivePolicy(AdaptiveOptions options, long ticksPerSecond)
    {
        options.Validate();
        _options = options;
        _windowTicks = Math.Max(1, (long)(options.Window.TotalSeconds * ticksPerSecond));
        Defers = true;
    }

    /// <summary>Whether signals are deferred now.</summary>
    public bool Defers { get; private set; }

    /// <summary>A signal is deferred: judges the batch since the signal before.</summary>
    /// <param name="sent">Packets sent so far.</param>
    /// <returns><see langword="true"/> when the choice changed.</returns>
    public bool OnDeferred(long sent)
    {
        long batch = sent - _sentBefore;
        _sentBefore = sent;
        _streak = batch < _options.FewPackets ? _streak + 1 : 0;
        if (_streak < _options.Patience)
            return false;
        Become(defers: false);
        return true;
    }

    /// <summary>A signal is sent at once: judges the window, if it is over.</summary>
    /// <param name="sent">Packets sent so far.</param>
    /// <param name="received">Packets read so far on the same channel.</param>
    /// <param name="now">Ticks of the clock.</param>
    /// <returns><see langword="true"/> when the choice changed.</returns>
    public bool OnImmediate(long sent, long received, long now)
    {
        // Something came back since the window began: what was sent may have waited for it, and would not have
        // been sent had the signal been deferred. Count anew from here.
        if (!_windowOpen || received != _receivedBefore)
        {
            bool answered = _windowOpen;
            OpenWindow(sent, received, now);
            if (answered)
                _streak = 0;
            return false;
        }

        if (now - _windowStart < _windowTicks)
            return false;

        // The window is over, maybe long since: packets a window, not packets.
        double windows = (now - _windowStart) / (double)_windowTicks;
        bool many = (sent - _sentBefore) >= _options.ManyPackets * windows;
        _streak = many ? _streak + 1 : 0;
        OpenWindow(sent, received, now);
        if (_streak < _options.Patience)
            return false;
        Become(defers: true);
        _sentBefore = sent;
        return true;
    }

    private void OpenWindow(long sent, long received, long now)
    {
        _windowOpen = true;
        _windowStart = now;
        _sentBefore = sent;
        _receivedBefore = received;
    }

    private void Become(bool defers)
    {
        Defers = defers;
        _streak = 0;
        _windowOpen = false;
    }
}
