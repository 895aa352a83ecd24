// A yes or no of the author's code, asked off the bus's loop: it may take its time, throw, or never come.

namespace VmBus.Hosting;

/// <summary>How a <see cref="Question"/> was answered.</summary>
/// <param name="Yes">Whether the answer is yes.</param>
/// <param name="Failure">Why there was no answer, if there was none: the answer is no then.</param>
internal readonly record struct Answer(bool Yes, Exception? Failure);

/// <summary>One question to the author's code, answered once: by the code, or by the end of its time.</summary>
internal sealed class Question : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly DeviceCode _code;
    private readonly Action<Question, Answer> _answered;
    private readonly Action<Exception> _refusedEnd;
    private ITimer? _deadline;
    private int _isOver;

    private Question(DeviceCode code, Action<Question, Answer> answered, Action<Exception> refusedEnd)
    {
        _code = code;
        _answered = answered;
        _refusedEnd = refusedEnd;
    }

    /// <summary>Asks.</summary>
    /// <param name="code">Runs the author's code, never on the caller's thread.</param>
    /// <param name="ask">The code. Its token is cancelled when the answer is no longer waited for.</param>
    /// <param name="name">What is asked, for the message of an answer that does not come.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="clock">The clock of that.</param>
    /// <param name="answered">Told the answer, on any thread, unless the question was dropped before.</param>
    /// <param name="refusedEnd">Told what the code threw when its token was cancelled.</param>
    public static Question Ask(
        DeviceCode code, Func<CancellationToken, ValueTask<bool>> ask, string name, TimeSpan limit, TimeProvider clock,
        Action<Question, Answer> answered, Action<Exception> refusedEnd)
    {
        var question = new Question(code, answered, refusedEnd);
        if (limit != Timeout.InfiniteTimeSpan)
        {
            // Armed when the field is set: a clock may call at once.
            question._deadline = clock.CreateTimer(
                _ => question.RunOut(new DeviceFaultException($"{name} did not answer within {limit.TotalSeconds:0.###} s.")),
                null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            question._deadline.Change(limit, Timeout.InfiniteTimeSpan);
        }
        CancellationToken over = question._over.Token;
        bool yes = false;
        Task<Exception?> asked = code.RunAsync(null, async () => yes = await ask(over).ConfigureAwait(false));
        _ = asked.ContinueWith(
            ended => question.Answer(yes, ended.Result),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return question;
    }

    /// <summary>The answer is no longer awaited: the code's token is cancelled, and its answer is ignored.</summary>
    public void Dispose()
    {
        if (Abandon())
            DeviceCode.Cancel(_over, _refusedEnd);
    }

    private void RunOut(DeviceFaultException failure)
    {
        if (!Abandon())
            return;
        _answered(this, new Answer(false, failure));
        DeviceCode.Cancel(_over, _refusedEnd);
    }

    private bool Abandon()
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0)
            return false;
        _deadline?.Dispose();
        _code.BeginAbandoned();
        return true;
    }

    private void Answer(bool yes, Exception? failure)
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0)
        {
            _code.EndAbandoned();
            return;
        }
        _deadline?.Dispose();
        _answered(this, new Answer(yes && failure is null, failure));
    }
}
