namespace VmBus.Hosting;

/// <summary>How late the examinations of monitor pages were: the scan's own error, to print beside every latency.</summary>
/// <param name="Examinations">How many examinations of a group were due and made.</param>
/// <param name="Missed">How many were so late that the next was due as well; they became one.</param>
/// <param name="Total">The sum of all delays.</param>
/// <param name="Max">The longest delay.</param>
internal readonly record struct LatenessStatistics(long Examinations, long Missed, TimeSpan Total, TimeSpan Max)
{
    /// <summary>The mean delay.</summary>
    public TimeSpan Mean => Examinations == 0 ? TimeSpan.Zero : Total / Examinations;
}
