// How long a waiter spins before it sleeps, from how long its waits have lasted. What halt_poll_ns is to KVM (Linux
// virt/kvm/kvm_main.c, kvm_vcpu_halt), which doubles and gives up by the last wait alone. Pure: no clock, no thread, the
// same history gives the same budgets.

namespace VmBus;

/// <summary>Chooses how long each wait spins, up to a ceiling.</summary>
/// <remarks>
/// <para>Spinning saves a sleep if the signal comes soon, and wastes a core if not. The ceiling is both the
/// longest spin of one wait and the assumed cost of a sleep. Below what a sleep really costs (the wake-up of a
/// halted core, tens of microseconds) two sides that have both gone to sleep never meet awake again: each answer comes
/// after the other's wake-up, and finds this side asleep too.</para>
/// <para>The lengths of about the last eight waits are kept, roughly. Of the budgets ceiling/128, ceiling/64, ... ceiling
/// the next wait gets the one that would have cost those waits the least: the time they would have spun, and the price of a
/// sleep for each that would not have been caught. While waits mostly end within the ceiling, that budget
/// catches them; otherwise it is the shortest, which is next to nothing. About seven waits of the other kind in a row
/// change it, two at the very start, where the ceiling is given.</para>
/// <para>A wait that slept seems longer than it was by the wake-up itself, and a peer that sleeps too answers later. So now
/// and then a wait gets the whole ceiling again: after 8 that the budget missed, and after 16, 32 and then each 64 if
/// that catches nothing; if it catches what the budget would have missed, the next wait gets it too.</para>
/// <para>Times are in units of the caller's own. One waiter at a time.</para>
/// </remarks>
internal sealed class AdaptiveSpin
{
    /// <summary>The highest ceiling: 19 hours, where the unit is a nanosecond.</summary>
    public const long MaxCeiling = 1L << 46;

    private const int Budgets = 8;
    private const int Forgetting = 3;           // an eighth of what is known is forgotten at each wait
    private const long OneWait = 1 << 12;
    private const int FirstWaitsCount = 1 << Forgetting;
    private const int ShortestInterval = 8;
    private const int LongestInterval = 64;

    // Waits by the shortest budget that would have caught them; the last entry is those that none would have.
    private readonly long[] _waits = new long[Budgets + 1];
    private int _interval = ShortestInterval;
    private int _missed;        // waits longer than the budget, since the last look
    private bool _looking;      // this wait got the whole ceiling, to see whether that catches it
    private bool _lookAgain;

    /// <summary>Makes a policy that at first trusts waits to be short.</summary>
    /// <param name="ceiling">The longest that one wait may spin, up to <see cref="MaxCeiling"/>; zero never to spin.</param>
    /// <exception cref="ArgumentOutOfRangeException">The ceiling is negative, or above that.</exception>
    public AdaptiveSpin(long ceiling)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ceiling);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ceiling, MaxCeiling);
        Ceiling = ceiling;
        Budget = ceiling;
        _waits[Budgets - 1] = FirstWaitsCount * OneWait;
    }

    /// <summary>The longest that one wait may spin.</summary>
    public long Ceiling { get; }

    /// <summary>The budget that the waits so far suggest.</summary>
    public long Budget { get; private set; }

    /// <summary>A wait begins.</summary>
    /// <returns>How long it may spin before it sleeps: at most <see cref="Ceiling"/>.</returns>
    public long Begin()
    {
        if (Budget == Ceiling)
            return Ceiling;
        if (!_lookAgain && _missed < _interval)
            return Budget;
        _missed = 0;
        _looking = true;
        return Ceiling;
    }

    /// <summary>The wait ended by a signal.</summary>
    /// <param name="length">How long after its beginning, spun and slept together.</param>
    public void Signalled(long length)
    {
        int budget = 0;
        while (budget < Budgets && length > Length(budget))
            budget++;
        Learn(budget, length);
    }

    /// <summary>The wait ended without a signal: its time was up, or it was cancelled.</summary>
    /// <param name="length">How long after its beginning. When less than the ceiling, it says nothing.</param>
    public void Ended(long length)
    {
        if (length > Ceiling)
            Learn(Budgets, length);
    }

    private void Learn(int wait, long length)
    {
        bool missed = length > Budget;
        if (_looking)
        {
            bool caught = wait < Budgets;
            _looking = false;
            _lookAgain = caught && missed;
            _interval = caught ? ShortestInterval : Math.Min(2 * _interval, LongestInterval);
        }
        else if (missed)
        {
            _missed++;
        }

        for (int i = 0; i < _waits.Length; i++)
            _waits[i] -= (_waits[i] + FirstWaitsCount - 1) >> Forgetting;     // rounded up, so that nothing is kept for ever
        _waits[wait] += OneWait;
        Budget = Cheapest();
    }

    private long Cheapest()
    {
        long caught = 0;
        long missed = 0;
        foreach (long waits in _waits)
            missed += waits;
        long least = long.MaxValue;
        long cheapest = 0;
        for (int budget = 0; budget < Budgets; budget++)
        {
            long length = Length(budget);
            caught += _waits[budget] * (length - length / 4);   // they lasted from half of it to all of it
            missed -= _waits[budget];
            long cost = caught + missed * (length + Ceiling);
            if (cost < least)
                (least, cheapest) = (cost, length);
        }

        return cheapest;
    }

    private long Length(int budget) => Ceiling >> (Budgets - 1 - budget);
}
