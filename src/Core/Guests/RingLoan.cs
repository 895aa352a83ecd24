// The rings of a channel from the moment their pages are shown to the host until the host can no longer touch them.

using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>
/// Rings that the host was lent by a GPADL. They are freed when both sides are through with them: this side wants them back,
/// and the host has given them back, has rescinded the channel, or has ended the connection. All members are the loop's.
/// </summary>
internal sealed class RingLoan(uint relid, uint gpadl, IGuestRings rings)
{
    private readonly TaskCompletionSource<RequestResult> _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public uint Relid { get; } = relid;

    public uint Gpadl { get; } = gpadl;

    public IGuestRings Rings { get; } = rings;

    /// <summary>Whether nothing on this side uses the rings any more.</summary>
    public bool IsWanted { get; set; }

    /// <summary>Whether the end of the connection does not end the host's use of them: a reserved channel's.</summary>
    public bool OutlivesConnection { get; set; }

    /// <summary>Whether the host was asked for them. It is asked once: what it owes after that may come at any time.</summary>
    public bool IsAsked { get; set; }

    /// <summary>Ends when the rings are free, or when the host has not given them back in time.</summary>
    public Task<RequestResult> Returned => _returned.Task;

    /// <summary>The host's answer to the teardown, or what came instead.</summary>
    public void OnTornDown(RequestResult result)
    {
        // The others end in Free.
        if (result.Outcome is RequestOutcome.TimedOut or RequestOutcome.NotPosted or RequestOutcome.Disconnected)
            _returned.TrySetResult(result);
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        Rings.Dispose();
        _returned.TrySetResult(RequestResult.Success);
    }

    /// <summary>Unmaps the rings and leaves their pages taken: the host may still write to them, or another bus adopts them.</summary>
    public void Leave()
    {
        Rings.Leave();
        _returned.TrySetResult(new RequestResult(RequestOutcome.Disconnected));
    }
}
