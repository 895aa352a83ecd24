// Memory and relids on their way back from the host. What is wanted back is looked at after each piece of work, by the
// state it is in: no task waits behind the scenes, so an open or a close may end, be cancelled or time out at any point.

using System.Diagnostics;
using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    private readonly Dictionary<uint, RingLoan> _loans = [];    // by GPADL
    private readonly List<RingLoan> _wanted = [];
    private readonly HashSet<uint> _unreleased = [];            // rescinded, and still in use here

    /// <summary>This side no longer uses the rings.</summary>
    /// <returns>
    /// Ends when they are free, or when it is known that they are not yet: the host did not answer in time or was not reached,
    /// owes an earlier answer first, or the connection is ending.
    /// </returns>
    private Task<RequestResult> Reclaim(RingLoan loan)
    {
        loan.IsWanted = true;
        if (_isSaved)
        {
            _loans.Remove(loan.Gpadl);
            loan.Leave();
            return loan.Returned;
        }

        _wanted.Add(loan);
        try
        {
            Settle();
        }
        catch (Exception mistake)
        {
            // Not the caller's, who would be told of it alone while the bus went on: it faults the bus.
            throw new UnreachableException("The guest's memory could not be reclaimed from the host.", mistake);
        }

        if (loan.IsAsked || loan.Returned.IsCompleted)
            return loan.Returned;
        return Task.FromResult(new RequestResult(_protocol.IsConnected ? RequestOutcome.TimedOut : RequestOutcome.Disconnected));
    }

    /// <summary>Frees, asks for and releases what can be by now.</summary>
    /// <returns>Whether there was anything.</returns>
    private bool Settle()
    {
        // What the host holds when there is no connection, only the end of the connection can tell.
        if (!_protocol.IsConnected || _wanted.Count + _unreleased.Count == 0)
            return false;
        int before = _wanted.Count + _unreleased.Count;
        bool hasAsked = false;
        foreach (RingLoan loan in _wanted.ToArray())
        {
            // A host that rescinds a channel no longer uses its memory (vmbus_teardown_gpadl asks for nothing then).
            if (!_protocol.Knows(loan.Gpadl) || _protocol.StateOf(loan.Relid) == GuestChannelState.Rescinded)
            {
                _wanted.Remove(loan);
                _loans.Remove(loan.Gpadl);
                loan.Free();
            }
            else if (!loan.IsAsked && _protocol.CanTearDown(loan.Gpadl))
            {
                loan.IsAsked = true;
                hasAsked = true;
                _protocol.TeardownGpadl(loan.Gpadl);
            }
        }

        foreach (uint relid in _unreleased.ToArray())
        {
            if (_open.ContainsKey(relid) || _opening.Contains(relid) || _wanted.Exists(loan => loan.Relid == relid))
                continue;
            _unreleased.Remove(relid);
            if (_protocol.StateOf(relid) == GuestChannelState.Rescinded)
                _protocol.ReleaseRelid(relid);
        }

        return hasAsked || _wanted.Count + _unreleased.Count != before;
    }

    // The connection has ended. Where the host may still write to memory, that stays taken.
    private void EndLoans(bool isHostGone)
    {
        foreach (RingLoan loan in _loans.Values)
        {
            if (_isAbandoned || (isHostGone && !loan.OutlivesConnection))
                loan.Free();
            else
                loan.Leave();
        }

        _loans.Clear();
        _wanted.Clear();
        _unreleased.Clear();
    }
}
