// The choice between deferring and signalling at once, from the load. No other implementation has one. Pure: the same
// history gives the same choices.

namespace VmBus;

/// <summary>Decides, at each signal, whether an adaptive channel defers. See <see cref="AdaptiveOptions"/>.</summary>
internal struct AdaptivePolicy
{
    /// <summary>How often the patience for a trial is doubled, at most: with the defaults, 1024 windows lie between two trials.</summary>
    public const int MostDoublings = 7;

    private readonly AdaptiveOptions _options;
    private readonly long _windowTicks;
    private long _sentBefore;       // packets sent as of the signal before, or as of the window's start
    private long _receivedBefore;
    private long _lead;             // the least that sent was ever ahead of received: nothing was in flight then
    private long _windowStart;
    private int _streak;            // batches or windows in a row that called for a change
    private int _failedTrials;      // in a row
    private int _silent;            // windows in a row that called for it and in which nothing came back
    private bool _answered;         // packets came back in the window
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

    /// <summary>Whether this is a trial: one batch shows whether deferring pays for a load with answers.</summary>
    public bool IsTrial { get; private set; }

    /// <summary>A signal is deferred: judges the batch since the signal before.</summary>
    /// <param name="sent">Packets sent so far.</param>
    /// <returns><see langword="true"/> when the choice changed.</returns>
    public bool OnDeferred(long sent)
    {
        long batch = sent - _sentBefore;
        _sentBefore = sent;
        if (IsTrial)
        {
            bool passed = batch >= _options.ManyPackets;
            _failedTrials = passed ? 0 : Math.Min(_failedTrials + 1, MostDoublings);
            IsTrial = false;
            if (!passed)
                Become(defers: false);
            return !passed;
        }

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
        _lead = Math.Min(_lead, sent - received);
        if (!_windowOpen)
        {
            OpenWindow(sent, received, now);
            return false;
        }

        if (received != _receivedBefore)
        {
            // An answer. With few packets in flight, what was sent may have waited for it, and would not have been sent had
            // the signal been deferred: restart the count here.
            if (sent - received - _lead < _options.ManyPackets)
            {
                OpenWindow(sent, received, now);
                _streak = _silent = 0;
                return false;
            }

            _receivedBefore = received;
            _answered = true;
        }

        if (now - _windowStart < _windowTicks)
            return false;

        // The window is over, perhaps for long: count packets per window.
        double windows = (now - _windowStart) / (double)_windowTicks;
        bool many = (sent - _sentBefore) >= _options.ManyPackets * windows;
        _streak = many ? _streak + 1 : 0;
        _silent = many && !_answered ? _silent + 1 : 0;
        OpenWindow(sent, received, now);
        bool isSilent = _silent >= _options.Patience;
        if (!isSilent && _streak < _options.Patience << _failedTrials)
            return false;
        IsTrial = !isSilent;
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
        _answered = false;
    }

    private void Become(bool defers)
    {
        Defers = defers;
        _streak = _silent = 0;
        _windowOpen = false;
    }
}
