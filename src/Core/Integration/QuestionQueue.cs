// Questions that wait for their turn and their answer.

namespace VmBus.Integration;

/// <summary>The questions of a host's component that asks only on request. One thread at a time.</summary>
/// <typeparam name="TQuestion">What is asked.</typeparam>
/// <typeparam name="TAnswer">What comes of it.</typeparam>
internal sealed class QuestionQueue<TQuestion, TAnswer>
{
    /// <summary>The most questions that may wait; more are refused.</summary>
    public const int MaxWaiting = 64;

    private readonly Queue<(TQuestion Question, TaskCompletionSource<TAnswer> Answer)> _waiting = new();

    /// <summary>How long until there is something to ask.</summary>
    public TimeSpan DueIn => _waiting.Count > 0 ? TimeSpan.Zero : Timeout.InfiniteTimeSpan;

    /// <summary>The question whose turn it is.</summary>
    public TQuestion Current => _waiting.Peek().Question;

    /// <summary>Puts a question into the queue.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="endedBy">Why the component ended, if it has: the question fails with it, as one that was waiting then.</param>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    public Task<TAnswer> AskAsync(TQuestion question, Exception? endedBy)
    {
        if (endedBy is not null)
            return Task.FromException<TAnswer>(endedBy);
        if (_waiting.Count >= MaxWaiting)
            throw new InvalidOperationException($"{MaxWaiting} requests are already pending.");
        var answer = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue((question, answer));
        return answer.Task;
    }

    /// <summary>Answers the question whose turn it is.</summary>
    public void Answer(TAnswer answer) => _waiting.Dequeue().Answer.SetResult(answer);

    /// <summary>Ends the question whose turn it is: no answer came in time.</summary>
    public void TimeOut(IcMessageType type) =>
        _waiting.Dequeue().Answer.SetException(new TimeoutException($"The guest did not answer a {type} request in time."));

    /// <summary>Ends all questions.</summary>
    public void End(Exception reason)
    {
        while (_waiting.TryDequeue(out (TQuestion Question, TaskCompletionSource<TAnswer> Answer) waiting))
            waiting.Answer.SetException(reason);
    }
}
