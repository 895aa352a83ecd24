// The token of a call, cancelled by the caller's token or by the end of the object. A linked source does the same, but allocates
// 80 bytes for each call, whether the call waits or not; here the parts are reused.

namespace VmBus.Devices;

/// <summary>Makes tokens for the calls of one object, most of them one after the other. Thread-safe.</summary>
/// <param name="ending">Cancelled when the object ends, and every call with it.</param>
internal sealed class CallCancellation(CancellationToken ending)
{
    private CancellationTokenSource? _spare;

    /// <summary>Begins a call. Dispose what it returns when the call has ended.</summary>
    /// <param name="cancellationToken">The caller's.</param>
    public Call Begin(CancellationToken cancellationToken) => cancellationToken.CanBeCanceled
        ? new Call(this, Interlocked.Exchange(ref _spare, null) ?? CancellationTokenSource.CreateLinkedTokenSource(ending), cancellationToken)
        : new Call(this, null, cancellationToken);

    private CancellationToken Ending => ending;

    /// <summary>A call that has begun.</summary>
    internal readonly struct Call(CallCancellation owner, CancellationTokenSource? source, CancellationToken cancellationToken) : IDisposable
    {
        /// <summary>The token to wait with. The caller's token cancels it only between <see cref="Listen"/> and the dispose of its result.</summary>
        public CancellationToken Token => source?.Token ?? owner.Ending;

        /// <summary>The call has to wait. Dispose what it returns when the wait is over, and before the call.</summary>
        public CancellationTokenRegistration Listen() =>
            source is null ? default : cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), source);

        /// <summary>Ends the call. The next call reuses its source, unless that is cancelled or one is kept already.</summary>
        public void Dispose()
        {
            if (source is not null && (source.IsCancellationRequested || Interlocked.CompareExchange(ref owner._spare, source, null) is not null))
                source.Dispose();
        }
    }
}
