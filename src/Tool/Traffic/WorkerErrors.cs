using System.Runtime.ExceptionServices;

namespace VmBus.Tool;

/// <summary>Which of several workers' errors to report.</summary>
internal static class WorkerErrors
{
    /// <summary>
    /// Throws the first error that is a cause, or failing that the first: when one worker fails the others are
    /// cancelled.
    /// </summary>
    /// <param name="errors">The errors of a run's workers; <see langword="null"/> where there was none.</param>
    public static void ThrowFirst(params ReadOnlySpan<ExceptionDispatchInfo?> errors)
    {
        ExceptionDispatchInfo? consequence = null;
        foreach (ExceptionDispatchInfo? error in errors)
        {
            if (error is { SourceException: not OperationCanceledException })
                error.Throw();
            consequence ??= error;
        }

        consequence?.Throw();
    }
}
