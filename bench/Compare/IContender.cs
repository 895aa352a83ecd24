namespace VmBus.Compare;

/// <summary>One of those compared, set up for one case.</summary>
/// <remarks>
/// Each loop answers with the sum over the packets it read of transaction id and last byte of payload: so that nothing is
/// left out, and that the answer can be checked. Both sides poll; neither asks for a signal.
/// </remarks>
internal interface IContender : IDisposable
{
    /// <summary>Writes and reads so many packets on the calling thread.</summary>
    long Alone(int count);

    /// <summary>The side that writes, or begins: so many packets. Answers with 0, or what it read.</summary>
    long First(int count);

    /// <summary>The side that reads, or answers.</summary>
    long Second(int count);
}
