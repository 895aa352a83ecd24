// Questions that wait for their turn and their answer.

namespace VmBus.Integration;

/// <summary>A host's component that asks only when it is told to: shutdown and key-value pairs.</summary>
/// <typeparam name="TQuestion">What is asked.</typeparam>
/// <typeparam name="TAnswer">What comes of it.</typeparam>
public abstract class AskingHost<TQuestion, TAnswer> : IntegrationHost
{
    /// <summary>The most questions that may wait; more are refused.</summary>
    public const int MaxWaiting = 64;

    private readonly Queue<(TQuestion Question, TaskCompletionSource<TAnswer> Answer)> _waiting = new();

    private protected AskingHost(IcMessageType messageType, IReadOnlyList<IcVersion> versions, TimeProvider? clock, TimeSpan? answerTimeout)
        : base(messageType, versions, clock, answerTimeout)
    {
    }

    private protected override TimeSpan RequestDueIn => _waiting.Count > 0 ? TimeSpan.Zero : Timeout.InfiniteTimeSpan;

    /// <summary>Puts a question into the queue.</summary>
    /// <param name="question">What to ask.</param>
    /// <returns>
    /// The answer. Faulted with <see cref="TimeoutException"/> when none came in time, with
    /// <see cref="NotSupportedException"/> when the guest speaks none of our versions, with what
    /// <see cref="IntegrationHost.Close"/> was told when the channel is gone.
    /// </returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> questions wait already.</exception>
    public Task<TAnswer> AskAsync(TQuestion question)
    {
        if (State is IntegrationHostState.Refused or IntegrationHostState.Closed)
            return Task.FromException<TAnswer>(new InvalidOperationException($"The guest's {MessageType} component cannot be asked: {State}."));
        if (_waiting.Count >= MaxWaiting)
            throw new InvalidOperationException($"{MaxWaiting} questions wait for an answer already.");
        var answer = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue((question, answer));
        return answer.Task;
    }

    private protected sealed override int WriteRequest(Span<byte> body) => Write(_waiting.Peek().Question, body);

    private protected sealed override void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body)
    {
        (TQuestion question, TaskCompletionSource<TAnswer> answer) = _waiting.Dequeue();
        answer.SetResult(Read(question, status, body));
    }

    private protected sealed override void Unanswered()
        => _waiting.Dequeue().Answer.SetException(new TimeoutException($"The guest did not answer a {MessageType} request in time."));

    private protected sealed override void Ended(Exception reason)
    {
        while (_waiting.TryDequeue(out (TQuestion Question, TaskCompletionSource<TAnswer> Answer) waiting))
            waiting.Answer.SetException(reason);
    }

    /// <summary>Writes a question's body, over whatever is there.</summary>
    private protected abstract int Write(TQuestion question, Span<byte> body);

    /// <summary>Reads what the guest made of it.</summary>
    private protected abstract TAnswer Read(TQuestion question, IcStatus status, ReadOnlySpan<byte> body);
}
