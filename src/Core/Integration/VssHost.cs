// The host's side of snapshots, as Linux drivers/hv/hv_snapshot.c answers it.

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// Asks a guest to hold back writes to its volumes while a snapshot of them is taken: <see cref="FreezeAsync"/>, the snapshot,
/// <see cref="ThawAsync"/>. In a Linux guest, <c>hv_vss_daemon</c> or <c>VssDaemon</c> does this.
/// </summary>
public sealed class VssHost : IntegrationHost
{
    /// <summary>The maximum number of pending requests; more are refused.</summary>
    public const int MaxWaiting = QuestionQueue<IcVssOperation, IcStatus>.MaxWaiting;

    /// <summary>The default time limit for the answer to a freeze. Linux waits 15 minutes for its daemon.</summary>
    public static readonly TimeSpan DefaultFreezeTimeout = TimeSpan.FromMinutes(16);

    private readonly QuestionQueue<IcVssOperation, IcStatus> _questions = new();
    private readonly TimeSpan _freezeTimeout;

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="answerTimeout">The time limit for an answer; 40 s by default, since Linux waits 30 s for its daemon.</param>
    /// <param name="freezeTimeout">
    /// The time limit for the answer to a freeze; <see cref="DefaultFreezeTimeout"/> by default.
    /// </param>
    public VssHost(TimeProvider? clock = null, TimeSpan? answerTimeout = null, TimeSpan? freezeTimeout = null)
        : base(IcMessageType.Vss, IntegrationVersions.Vss, clock, answerTimeout ?? TimeSpan.FromSeconds(40))
    {
        _freezeTimeout = freezeTimeout ?? DefaultFreezeTimeout;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_freezeTimeout, TimeSpan.Zero, nameof(freezeTimeout));
    }

    /// <summary>The offer of the component's channel.</summary>
    public static HostOffer Offer => IntegrationOffers.Vss;

    /// <summary>Asks whether a backup is possible while the guest runs.</summary>
    /// <returns>
    /// The answer: <see cref="IcStatus.Fail"/> if no daemon in the guest freezes volumes. Fails with
    /// <see cref="TimeoutException"/> if none arrived in time, with <see cref="NotSupportedException"/> if the guest supports
    /// none of our versions, or with the reason given to <see cref="IntegrationHost.Close"/> if the channel is gone.
    /// </returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    public Task<IcStatus> CheckHotBackupAsync() => AskAsync(IcVssOperation.HotBackup);

    /// <summary>Asks the guest to hold back writes to its volumes. Writes wait until <see cref="ThawAsync"/>.</summary>
    /// <returns>The answer, as for <see cref="CheckHotBackupAsync"/>. Thaw even if the answer is not a success.</returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    public Task<IcStatus> FreezeAsync() => AskAsync(IcVssOperation.Freeze);

    /// <summary>Asks the guest to resume writes to its volumes.</summary>
    /// <returns>The answer, as for <see cref="CheckHotBackupAsync"/>.</returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    public Task<IcStatus> ThawAsync() => AskAsync(IcVssOperation.Thaw);

    private protected override TimeSpan RequestDueIn => _questions.DueIn;

    private protected override TimeSpan RequestTimeout => _questions.Current == IcVssOperation.Freeze ? _freezeTimeout : base.RequestTimeout;

    private protected override int WriteRequest(Span<byte> body)
    {
        var message = new IcVssDaemonMessage { Header = new IcVssHeader { Operation = _questions.Current } };
        MemoryMarshal.Write(body, in message);
        return IcVssDaemonMessage.Size;
    }

    private protected override void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body) => _questions.Answer(status);

    private protected override void Unanswered() => _questions.TimeOut(MessageType);

    private protected override void Ended(Exception reason) => _questions.End(reason);

    private Task<IcStatus> AskAsync(IcVssOperation operation) => _questions.AskAsync(operation, EndedBy);
}
