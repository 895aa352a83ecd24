// How a futex wait ended. Mirrors the results of FUTEX_WAIT, futex(2).

namespace VmBus.Interop;

/// <summary>How a <see cref="Futex"/> wait ended. Whatever it says, look at the word again.</summary>
internal enum FutexResult
{
    /// <summary>Woken, perhaps for no reason: 0.</summary>
    Woken,

    /// <summary>The word did not have the expected value, so there was no wait: <c>EAGAIN</c>.</summary>
    ValueDiffered,

    /// <summary>The time was up: <c>ETIMEDOUT</c>.</summary>
    TimedOut,

    /// <summary>A signal handler ran: <c>EINTR</c>.</summary>
    Interrupted,
}
